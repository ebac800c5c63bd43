import EchoService
import Logging
import QUICAsync
import QUICEndpoint
import QUICServer
import QUICServiceLifecycle
import QUICTesting
import QUICTransport
import ServiceLifecycle
import ServiceLifecycleTestKit
import Testing

/// Servers as services of a process.
@Suite struct ServiceLifecycleTests {
    /// Why a service ends.
    enum Ending: CaseIterable {
        case gracefulShutdown
        case cancellation
    }

    /// Runs `service`, ends it when `connect` has returned on its own thread, and waits until `service` has returned.
    private func run(
        _ service: some Service,
        until ending: Ending,
        whileServing body: @escaping @Sendable (_ end: () -> Void) throws -> Void
    ) async throws {
        try await testGracefulShutdown { trigger in
            let running = Task { try await service.run() }
            async let client: Void = onThread {
                try body {
                    switch ending {
                    case .gracefulShutdown: trigger.triggerGracefulShutdown()
                    case .cancellation: running.cancel()
                    }
                }
            }
            try await client
            try await running.value
        }
    }

    @Test(arguments: Ending.allCases)
    func everyConnectionIsClosedWhenTheServiceReturns(ending: Ending) async throws {
        let server = try Server.forTests(workers: 2)
        let shutdowns = Shared(0)
        let service = ServerService(server) { shutdowns.withLock { $0 += 1 } }
        try await run(service, until: ending) { [address = server.address] end in
            let client = try LoopbackClient(of: address, seed: 1)
            let connections = try (0..<4).map { _ in try client.connect() }
            try #require(try client.echo([1, 2, 3], on: connections))
            end()
            // The server says goodbye, rather than falling silent.
            try #require(try client.serve { client.closes.count == 4 })
            #expect(client.closes == [CloseCause](repeating: .peerClose, count: 4))
        }
        // The statistics outlive the service.
        let last = try await server.waitUntilStopped()
        #expect(last.hasReturned)
        // A cancellation leaves no time to drain.
        let cause = ending == .gracefulShutdown ? "drained" : "shutdown"
        #expect(last.endpoint.connections.closedByCause == [cause: 4])
        #expect(shutdowns.withLock { $0 } == (ending == .gracefulShutdown ? 1 : 0))
    }

    @Test func aServerThatIsShutDownElsewhereEndsItsService() async throws {
        let server = try Server.forTests()
        let running = Task { try await ServerService(server) { Issue.record("nobody asked for it") }.run() }
        #expect(try await server.shutDown().hasReturned)
        try await running.value
    }

    @Test(arguments: Ending.allCases)
    func handlersEndWithTheService(ending: Ending) async throws {
        let server = try AsyncServer(configuration: .forTests, applicationProtocols: ["echo"])
        let endedHandlers = Shared(0)
        let service = AsyncServerService(server, drainTimeout: .milliseconds(100)) { connection in
            for await stream in connection.streams {
                do {
                    for try await chunk in stream { try await stream.write(chunk) }
                    stream.finish()
                } catch {}
            }
            endedHandlers.withLock { $0 += 1 }
        }
        try await run(service, until: ending) { [address = server.address] end in
            let client = try LoopbackClient(of: address, seed: 2)
            let connections = try (0..<4).map { _ in try client.connect() }
            try #require(try client.echo([1, 2, 3], on: connections))
            // One of them is busy with a stream that does not end.
            _ = try client.open([1], on: connections[0])
            end()
            try #require(try client.serve { client.closes.count == 4 })
        }
        #expect(endedHandlers.withLock { $0 } == 4)
        #expect(try await server.shutDown().hasReturned)
    }

    /// The services before the server are there until its connections are closed.
    @Test func aGroupShutsTheServerDownBeforeTheServicesItNeeds() async throws {
        struct Store: Service {
            let server: Server
            let isServedAtEnd: Shared<[Int]>

            func run() async throws {
                try? await gracefulShutdown()
                let live = try await server.statistics().endpoint.connections.live
                isServedAtEnd.withLock { $0.append(live) }
            }
        }
        let server = try Server.forTests()
        let live = Shared<[Int]>([])
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: Store(server: server, isServedAtEnd: live)),
                    .init(service: ServerService(server)),
                ],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        )
        async let running: Void = group.run()
        try await onThread { [address = server.address] in
            let client = try LoopbackClient(of: address, seed: 3)
            try #require(try client.echo([1], on: [try client.connect()]))
        }
        await group.triggerGracefulShutdown()
        try await running
        #expect(live.withLock { $0 } == [0])
        #expect(try await server.waitUntilStopped().hasReturned)
    }
}
