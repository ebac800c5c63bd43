import Foundation
import QUICAsync
import QUICClient
import Testing

/// Each example as a process, and clients that use it as it says.
@Suite(.timeLimit(.minutes(2))) struct ExamplesTests {
    /// A client of an example, which believes any server.
    private func client(_ applicationProtocol: String) throws -> AsyncClient {
        var configuration = ClientConfiguration(applicationProtocols: [applicationProtocol])
        configuration.verification = .none
        return try AsyncClient(configuration: configuration)
    }

    private func ask(_ question: String, on connection: QUICConnection) async throws -> String {
        let stream = try await connection.openStream()
        try await stream.write(question)
        stream.finish()
        return String(decoding: try await stream.reduce(into: [UInt8]()) { $0 += $1 }, as: UTF8.self)
    }

    @Test func aPooledClientAsksAnEchoServer() throws {
        let server = try Program("echo")
        defer { server.stop() }
        let (status, output) = try Program.run("pooled-client", ["\(server.address)", "200"])
        #expect(status == 0)
        #expect(output == "200 of 200 answered over 4 connections; 0 bytes are left\n")
        #expect(try Program.run("pooled-client", ["nowhere"]).status == 64)
    }

    @Test func aStoreIsSharedByItsConnections() async throws {
        let server = try Program("key-value")
        defer { server.stop() }
        let client = try client("key-value")
        let first = try await client.connect(to: server.address)
        let second = try await client.connect(to: server.address)
        #expect(try await ask("SET colour dark green\nGET shape\n", on: first) == "OK\nNONE\n")
        #expect(try await ask("GET colour\nDEL colour\nGET colour\n", on: second) == "= dark green\nOK\nNONE\n")
        #expect(try await ask("What?\n", on: second) == "ERROR expected SET name value, GET name, or DEL name\n")
        // A line without an end costs the client its connection, and nobody else's.
        _ = try? await ask(String(repeating: "x", count: 3_000), on: first)
        #expect(await first.waitUntilClosed()?.reasonPhrase == "a line is longer than 1024 bytes")
        #expect(try await ask("GET colour\n", on: second) == "NONE\n")
        #expect(try await client.shutDown().hasReturned)
    }

    @Test func filesOfAFolderAreServedAndNoOthers() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "quicharness-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let content = String(repeating: "0123456789", count: 100_000)
        try Data(content.utf8).write(to: folder.appending(path: "file"))
        let server = try Program("file-server", [folder.path])
        defer { server.stop() }
        let client = try client("hq-interop")
        let connection = try await client.connect(to: server.address)
        #expect(try await ask("GET /file\r\n", on: connection) == content)
        for request in ["GET /../../etc/hostname\r\n", "GET /missing\r\n", "GET /%2e%2e/x\r\n", "PUT /file\r\n"] {
            await #expect(throws: ByteStreamError.reset(code: 1)) { _ = try await ask(request, on: connection) }
        }
        #expect(try await client.shutDown().hasReturned)
        #expect(try Program.run("file-server", []).status == 64)
    }

    @Test func theLatestReadingsAreThere() async throws {
        let server = try Program("telemetry")
        defer { server.stop() }
        let client = try client("telemetry")
        let connection = try await client.connect(to: server.address)
        // Datagrams may be lost, so they are sent until they have come.
        var report = ""
        while report != "kitchen 21.5\noven 180.0\n" {
            try await connection.send(datagram: Array("kitchen 21.5".utf8))
            try await connection.send(datagram: Array("oven 180".utf8))
            try await connection.send(datagram: Array("nonsense".utf8))
            report = try await ask("", on: connection)
        }
        #expect(try await client.shutDown().hasReturned)
    }

    @Test func membersOfARoomReadEachOther() async throws {
        let server = try Program("chat-server")
        defer { server.stop() }
        let (client, address) = (try client("chat"), server.address)
        let streams = try await withThrowingTaskGroup(of: ByteStream.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    let stream = try await client.connect(to: address).openStream()
                    try await stream.write("lobby\n")
                    return stream
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for stream in streams { #expect(try await stream.first { _ in true } == Array("lobby\n".utf8)) }
        try await streams[0].write("hello\n")
        #expect(try await streams[1].first { _ in true } == Array("hello\n".utf8))
        #expect(try await client.shutDown().hasReturned)
    }
}
