import Articles
import Foundation
import InMemoryLogging
import Logging
import QUICAsync
import QUICClient
import QUICEndpoint
import QUICServer
import QUICTesting
import QUICTransport
import ServiceLifecycle
import Synchronization
import Testing

/// The code of the documentation does what the documentation says.
@Suite struct ArticlesTests {
    private var configuration: ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.memoryBytesLimit = 1 << 30
        configuration.transport.staysOpen()
        return configuration
    }

    /// Calls `body` on a thread of its own: a client that waits for its socket would block those that tasks run on.
    private func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
        }
    }

    @Test func aFirstServerEchoesAndGetsEverythingBack() async throws {
        let last = try await serveEchoes { address in
            try await onThread {
                let client = try LoopbackClient(of: address, seed: 1)
                let connections = try (0..<2).map { _ in try client.connect() }
                #expect(try client.echo([UInt8](repeating: 1, count: 20_000), on: connections))
                try client.close(connections)
            }
        }
        #expect(last.hasReturned && last.endpoint.connections.closed == 2)
    }

    /// The answer of `service` to `bytes` on the last of three connections.
    private func answer(of service: String, to bytes: [UInt8]) async throws -> String {
        let server = try makeCountingServer(configuration)
        let text = Mutex("")
        try await onThread { [address = server.address] in
            let client = try LoopbackClient(of: address, seed: 2, protocols: [service])
            let connections = try (0..<3).map { _ in try client.connect() }
            let stream = try client.open(bytes, on: connections[2])
            stream.finish()
            try #require(try client.serve { client.recorder.received(on: connections[2], stream.id).isComplete })
            let answer = client.recorder.received(on: connections[2], stream.id).bytes
            text.withLock { $0 = String(decoding: answer, as: UTF8.self) }
            try client.close(connections)
        }
        #expect(try await server.shutDown().hasReturned)
        return text.withLock { $0 }
    }

    @Test func servicesOfOneServerAnswerOnTheirProtocols() async throws {
        let bytes = [UInt8](repeating: 7, count: 20_000)
        #expect(try await answer(of: "count", to: bytes) == "20000\n")
        #expect(try await answer(of: "visitors", to: []) == "3\n")
    }

    @Test func handlersEcho() async throws {
        let server = try AsyncServer(configuration: configuration, applicationProtocols: ["echo"])
        let serving = Task(executorPreference: server.workers[0].taskExecutor) { await serveEchoes(server) }
        try await onThread { [address = server.address] in
            let client = try LoopbackClient(of: address, seed: 3)
            let connections = try (0..<2).map { _ in try client.connect() }
            #expect(try client.echo([UInt8](repeating: 1, count: 20_000), on: connections))
            try client.close(connections)
        }
        #expect(try await server.shutDown().hasReturned)
        await serving.value
    }

    @Test func clientsAskAServer() async throws {
        let folder = try CertificateFolder(byteCount: 1_000)
        var configuration = configuration
        configuration.certificate = folder.source
        let server = try AsyncServer(configuration: configuration, applicationProtocols: ["echo"])
        let serving = Task(executorPreference: server.workers[0].taskExecutor) { await serveEchoes(server) }
        let client = try makeEchoClient(authorities: folder.authority)
        // The threads that all tasks share may be busy with other tests for longer than a connection rests.
        let asking = Task(executorPreference: client.worker.taskExecutor) { [address = server.address] in
            #expect(try await ask("hello", of: address, named: "localhost", with: client) == "hello")
            let pool = ConnectionPool(of: client)
            #expect(try await ask("hello", of: address, named: "localhost", with: pool) == "hello")
            pool.shutDown()
            let another = try makeEchoClient(authorities: nil)
            await #expect(throws: ConnectError.certificateRefused) {
                _ = try await ask("hello", of: address, named: "localhost", with: another)
            }
            #expect(try await another.shutDown().hasReturned)
        }
        try await asking.value
        #expect(try await client.shutDown().hasReturned)
        #expect(try await server.shutDown().hasReturned)
        await serving.value
    }

    @Test func aProcessLogsWhatItServedAndEndsInOrder() async throws {
        let lines = InMemoryLogHandler()
        let logger = Logger(label: "test") { _ in lines }
        let server = try makeLoggedServer(configuration, logger: logger)
        let group = makeServiceGroup(server, logger: Logger(label: "group") { _ in SwiftLogNoOpLogHandler() })
        async let running: Void = group.run()
        try await onThread { [address = server.address] in
            let client = try LoopbackClient(of: address, seed: 4)
            let connection = try client.connect()
            #expect(try client.echo([1, 2, 3], on: [connection]))
            // With the time that its last acknowledgement may take.
            let end = ContinuousClock.now.advanced(by: .milliseconds(100))
            _ = try client.serve { ContinuousClock.now >= end }
        }
        await group.triggerGracefulShutdown()
        try await running
        #expect(try await server.waitUntilStopped().hasReturned)
        // Nothing was under way any more; where a busy machine kept the acknowledgement back, the drain came to its deadline.
        #expect(lines.entries.count == 1)
        let metadata = lines.entries.first?.metadata
        #expect(metadata == ["quic.close.cause": "drained"] || metadata == ["quic.close.cause": "shutdown"])
    }
}
