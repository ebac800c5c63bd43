import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

@testable import QUICServer

/// Two workers, and packets that reach the wrong one's socket.
@Suite struct WorkerHandOverTests {
    private func server(_ change: (inout ServerConfiguration) -> Void) throws -> Server {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.workerCount = 2
        configuration.memoryBytesLimit = 1 << 30
        configuration.transport.staysOpen()
        change(&configuration)
        return try Server(configuration: configuration, services: [EchoService()])
    }

    /// Without steering the kernel picks a socket by the addresses, so every other port is the other worker's.
    @Test func aClientThatGetsAnotherPortKeepsItsConnection() async throws {
        let server = try server {
            $0.steersDatagrams = false
            $0.transport.allowsMigration = true
        }
        let client = try LoopbackClient(of: server.address, seed: 5)
        let connections = [try client.connect()]
        let message = [UInt8](repeating: 0x5a, count: 10_000)
        try #require(try client.echo(message, on: connections))
        #expect(try await server.statistics().handOver.handed == 0)
        for port in 0..<20 {
            try client.rebind()
            // Required: each that does not come back takes a minute.
            try #require(try client.echo(message, on: connections), "port \(port)")
        }
        // All ports would be the first worker's once in a million runs.
        let statistics = try await server.statistics()
        #expect(statistics.handOver.handed > 0)
        #expect(statistics.endpoint.drops[.otherWorker] == nil)
        #expect(statistics.endpoint.connections.created == 1)
        try client.close(connections)
        expectAllReceived(try await server.shutDown())
    }

    /// A message that the kernel has not cut up yet reaches one socket, whichever connections its datagrams belong to.
    @Test func datagramsThatArriveAsOneMessageReachTheirWorkers() async throws {
        let server = try server { _ in }
        let client = try LoopbackClient(of: server.address, seed: 6, joinsDatagrams: true)
        try #require(client.joinsDatagrams)
        // One by one: first packets that arrive together would open all connections at one worker.
        let connections = try (0..<16).map { _ in try client.connect() }
        #expect(await server.connections().allSatisfy { !$0.isEmpty })
        for length in 1...20 {
            try #require(try client.echo([UInt8](repeating: 1, count: 10 * length), on: connections), "\(length)")
        }
        let handOver = try await server.statistics().handOver
        #expect(handOver.handed > 0)
        try client.close(connections)
        let last = try await server.shutDown()
        expectAllReceived(last)
        #expect(last.endpoint.connections.created == 16)
    }

    private func expectAllReceived(_ last: ServerStatistics) {
        #expect(last.hasReturned)
        #expect(last.handOver.waitingBytes == 0)
        #expect(last.handOver.received == last.handOver.handed)
        #expect(last.handOver.overflowed == 0)
    }
}
