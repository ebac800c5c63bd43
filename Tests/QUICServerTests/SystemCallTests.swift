import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

@testable import QUICServer

/// How often a worker calls the system, however busy the machine is.
@Suite struct SystemCallTests {
    // A second call in the same turn would find nothing, and so would one in a turn for a deadline or for other threads.
    @Test func eachCallToReceiveFindsADatagram() async throws {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.memoryBytesLimit = 1 << 30
        configuration.transport.staysOpen()
        let server = try Server(configuration: configuration, services: [EchoService()])
        let client = try LoopbackClient(of: server.address, seed: 31)
        let connection = try client.connect()
        let rounds = 200
        for _ in 0..<rounds {
            // Wakes the worker without a datagram.
            _ = try await server.statistics()
            #expect(try client.echo([1, 2, 3], on: [connection]))
        }
        let statistics = try await server.shutDown()
        #expect(Int(statistics.sockets.receiveCalls) <= statistics.endpoint.received.datagrams)
        #expect(Int(statistics.sockets.sendCalls) <= statistics.endpoint.transmitted.datagrams)
        #expect(statistics.sockets.receiveCalls >= rounds / 2)
    }
}
