import Datagrams
import EchoService
import Glibc
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

@testable import QUICServer

/// A real worker that has no time left.
@Suite struct BusyWorkerTests {
    /// An echo that takes a fifth of a second for whatever arrives.
    private final class SlowEcho: StreamService, Sendable {
        let applicationProtocol = "echo"
        private let echo = EchoService()

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            usleep(200_000)
            try echo.receive(bytes, isFinal: isFinal, on: stream)
        }

        func stream(_ stream: Stream, didRelease count: Int) {
            echo.stream(stream, didRelease: count)
        }
    }

    /// With little patience while it is busy, packets without use end their connection: PINGs, and acknowledgements
    /// that come alone.
    @Test func aBusyWorkerLosesThePatienceOfItsEndpoint() async throws {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.memoryBytesLimit = 1 << 30
        configuration.transport.staysOpen()
        configuration.transport.uselessPacketsPerSecond = nil
        configuration.transport.uselessPacketsPerSecondWhenBusy = 100
        let server = try Server(configuration: configuration, services: [SlowEcho()])
        let client = try LoopbackClient(of: server.address, seed: 9)
        let connection = try client.connect()
        connection.keepAlive(every: .milliseconds(2))
        // The first echoes are served. A second of them, and the worker knows that it is busy.
        #expect(try client.echo([1], on: [connection]))
        for _ in 0..<100 where connection.state != .closed { _ = try client.echo([1], on: [connection]) }
        #expect(client.closes == [.peerClose])
        let last = try await server.shutDown()
        #expect(last.endpoint.connections.closedByCause == ["useless_packets": 1])
    }
}
