import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Receive windows on a path that loses packets: none of them is the reason why a peer waits.
@Suite struct LossyWindowTests {
    private static let seeds = 1...16 as ClosedRange<UInt64>

    /// Bytes a second of an echo of 4 MiB over 20 ms with 1 % loss, the mean of all seeds.
    private func rate(of server: EndpointConfiguration) throws -> Double {
        var client = EndpointConfiguration()
        client.transport.streamWindow = Self.large
        client.transport.connectionWindow = Self.large
        var sum = 0.0
        for seed in Self.seeds {
            let pair = try Pair(
                seed: seed,
                services: [FetchAndEchoService()],
                configuration: server,
                clientConfiguration: client,
                clientService: TransferClient(),
                conditions: .init(latency: .milliseconds(10), jitter: .zero, loss: 0.01, duplication: 0)
            )
            let connection = try #require(try pair.connectAndEstablish())
            let transfer = try pair.begin(.echo, bytes: 4 << 20, on: connection)
            pair.run(for: .seconds(60)) { transfer.hasEnded }
            sum += try #require(transfer.bytesPerSecond)
        }
        return sum / Double(Self.seeds.count)
    }

    private static let large = WindowRange(initialBytes: 1 << 20, maximumBytes: 6 << 20)

    // RFC 9000 §4.1: "If a sender has sent data up to the limit, it will be unable to send new data and is considered blocked."
    @Test func anEchoIsAsFastAsWithLargeWindows() throws {
        var generous = EndpointConfiguration()
        generous.transport.streamWindow = Self.large
        generous.transport.connectionWindow = Self.large
        let (usual, best) = (try rate(of: EndpointConfiguration()), try rate(of: generous))
        #expect(usual > 0.96 * best, "\(usual) of \(best) bytes a second")
    }
}
