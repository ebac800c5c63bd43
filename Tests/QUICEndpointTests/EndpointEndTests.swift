import BoundedMemory
import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Endpoints that go away while connections live.
@Suite struct EndpointEndTests {
    private let now = MonotonicInstant(nanoseconds: 1_000_000_000)
    private let path = NetworkPath(
        local: SocketAddress(ipv4: 198, 51, 100, 7, port: 1),
        remote: Pair.serverAddress
    )

    /// A TLS session that outlived the priority cache it shares would free it, and its connection was never charged for it.
    @Test func aClientThatGoesAwayInAHandshakeReturnsEverything() throws {
        var client: ClientEndpoint? = try makeClient()
        let ledger = try #require(client?.ledger)
        _ = try client?.connect(path: path, at: now)
        #expect(ledger.usage(of: .tls).liveBytes > 5_000)
        client = nil
        #expect(ledger.isEmpty, "\(ledger.totalUsage)")
    }

    @Test func aServerThatGoesAwayInAHandshakeReturnsEverything() throws {
        let client = try makeClient()
        _ = try client.connect(path: path, at: now)
        let batch = TransmitBatch()
        client.transmit(into: batch, at: now)
        let tls = try TLSServerContext(certificate: .selfSigned, protocols: try ApplicationProtocols(["echo"]))
        var server: Endpoint? = Endpoint(configuration: EndpointConfiguration(), tls: tls, services: [EchoService()])
        let ledger = try #require(server?.ledger)
        for entry in batch.entries {
            let bytes = batch.withBytes(of: entry) { Array(copying: $0) }
            unsafe server?.receive(bytes.span.bytes, path: path.reversed, ecn: .notCapable, at: now)
        }
        #expect(server?.statistics.connections.handshaking == 1)
        server = nil
        #expect(ledger.isEmpty, "\(ledger.totalUsage)")
    }

    private func makeClient() throws -> ClientEndpoint {
        ClientEndpoint(
            configuration: EndpointConfiguration(),
            tls: try TLSClientContext(protocols: try ApplicationProtocols(["echo"])),
            service: RecordingClient()
        )
    }
}
