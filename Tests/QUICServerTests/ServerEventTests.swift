import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

@testable import QUICServer

@Suite struct ServerEventTests {
    private func configuration() -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.workerCount = 2
        configuration.memoryBytesLimit = 1 << 30
        configuration.transport.staysOpen()
        return configuration
    }

    /// A connection that the server, too, knows to be established: it has answered.
    private func connect(_ client: LoopbackClient) throws -> Connection {
        let connection = try client.connect()
        #expect(try client.echo([1], on: [connection]))
        return connection
    }

    @Test func eventsOfAllWorkersComeInTheirOrderNewestLast() async throws {
        let server = try Server(configuration: configuration(), services: [EchoService()])
        let client = try LoopbackClient(of: server.address, seed: 7)
        let connections = try (0..<16).map { _ in try connect(client) }
        let events = await server.events()
        #expect(events.count == 32)
        #expect(Set(events.map(\.worker)) == [0, 1])
        #expect(events.map(\.event.kind) == (0..<16).flatMap { _ in [EndpointEvent.Kind.accepted, .established] })
        #expect(zip(events, events.dropFirst()).allSatisfy { $0.age >= $1.age })
        #expect(events.allSatisfy { $0.age >= .zero && $0.event.remote?.port == events[0].event.remote?.port })
        let statistics = try await server.statistics()
        #expect(statistics.eventLog.events == 32)
        #expect(statistics.eventLog.dropped == 0)
        try client.close(connections)
        #expect(try await server.shutDown().hasReturned)
    }

    @Test func aFullLogDropsTheOldest() async throws {
        var configuration = configuration()
        configuration.workerCount = 1
        configuration.eventLogCapacity = 3
        let server = try Server(configuration: configuration, services: [EchoService()])
        let client = try LoopbackClient(of: server.address, seed: 8)
        let connections = try (0..<4).map { _ in try connect(client) }
        #expect(await server.events().map(\.event.kind) == [.established, .accepted, .established])
        #expect(try await server.statistics().eventLog.dropped == 5)
        try client.close(connections)
        #expect(try await server.shutDown().hasReturned)
    }

    @Test(arguments: [-1, EventLog.capacityLimit + 1])
    func aLogOutOfRangeIsRefused(capacity: Int) {
        var configuration = configuration()
        configuration.eventLogCapacity = capacity
        let error = #expect(throws: ServerError.self) {
            try Server(configuration: configuration, services: [EchoService()])
        }
        #expect(error?.description == "eventLogCapacity \(capacity) is not accepted: use 0 to 65536")
    }
}
