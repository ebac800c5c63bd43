import Datagrams
import QUICAsync
import QUICClient
import QUICEndpoint
import QUICServer
import Testing

/// A client and an echo server over loopback.
enum EchoPair {
    /// Calls `body` on the thread of the client; both leave nothing behind.
    static func run(
        _ configuration: ClientConfiguration,
        _ serverConfiguration: ServerConfiguration,
        acceptsEarlyData: Bool = false,
        handler: @escaping @Sendable (QUICConnection) async -> Void = echo,
        _ body: @escaping @Sendable (AsyncClient, SocketAddress) async throws -> Void
    ) async throws {
        let server = try AsyncServer(
            configuration: serverConfiguration,
            applicationProtocols: ["echo"],
            acceptsEarlyData: acceptsEarlyData
        )
        // The threads that all tasks share may be busy with other tests for a minute.
        let serving = Task(executorPreference: server.workers[0].taskExecutor) { await server.run(handler) }
        let client = try AsyncClient(configuration: configuration)
        let work = Task(executorPreference: client.worker.taskExecutor) { try await body(client, server.address) }
        let outcome = await work.result
        let lastOfClient = try await client.shutDown()
        let lastOfServer = try await server.shutDown()
        await serving.value
        try outcome.get()
        #expect(lastOfClient.hasReturned && lastOfServer.hasReturned)
        #expect(lastOfClient.connections.created == lastOfClient.connections.closed)
    }

    /// Echoes the streams of `connection`, side by side.
    @Sendable static func echo(_ connection: QUICConnection) async {
        await withDiscardingTaskGroup { group in
            for await stream in connection.streams {
                group.addTask {
                    do {
                        for try await chunk in stream { try await stream.write(chunk) }
                        stream.finish()
                    } catch {}
                }
            }
        }
    }

    /// The echo of `message` on a new stream of `connection`.
    static func exchange(_ message: [UInt8], on connection: QUICConnection) async throws -> [UInt8] {
        let stream = try await connection.openStream()
        async let answer = stream.reduce(into: [UInt8]()) { $0 += $1 }
        try await stream.write(message)
        stream.finish()
        return try await answer
    }
}
