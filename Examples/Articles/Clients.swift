import QUICAsync
import QUICClient

/// A client of echo servers that believes those whose certificates an authority in `file` vouches for; nil for the system's.
package func makeEchoClient(authorities file: String?) throws -> AsyncClient {
    var configuration = ClientConfiguration(applicationProtocols: ["echo"])
    if let file { configuration.verification = .authorities(file: file) }
    configuration.memoryBytesLimit = 64 << 20
    return try AsyncClient(configuration: configuration)
}

/// Sends `question` to a server over a connection of its own, and returns the answer.
package func ask(_ question: String, of server: SocketAddress, named name: String, with client: AsyncClient)
    async throws -> String
{
    let connection = try await client.connect(to: server, serverName: name, timeout: .seconds(5))
    defer { connection.close() }

    let stream = try await connection.openStream()
    try await stream.write(question)
    stream.finish()

    var answer: [UInt8] = []
    for try await chunk in stream { answer += chunk }
    return String(decoding: answer, as: UTF8.self)
}

/// Sends `question` over a connection of a pool.
package func ask(_ question: String, of server: SocketAddress, named name: String, with pool: ConnectionPool)
    async throws -> String
{
    try await pool.withConnection(to: server, serverName: name) { connection in
        let stream = try await connection.openStream()
        try await stream.write(question)
        stream.finish()
        return String(decoding: try await stream.reduce(into: []) { $0 += $1 }, as: UTF8.self)
    }
}
