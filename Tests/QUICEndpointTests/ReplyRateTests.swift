import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Replies that no connection is needed for are limited, each kind by itself: forged datagrams get no more of them.
@Suite struct ReplyRateTests {
    private static let perSecond = 20
    /// Half a second's worth may leave at once.
    private static let burst = 10
    private static let floodCount = 100

    private func pair(_ change: (inout AdmissionLimits) -> Void = { _ in }) throws -> Pair {
        var configuration = EndpointConfiguration()
        configuration.admission.statelessRepliesPerSecond = Self.perSecond
        change(&configuration.admission)
        return try Pair(seed: 71, services: [EchoService()], configuration: configuration)
    }

    /// Sends as many first packets as there are in a flood, each from another port.
    private func flood(_ pair: Pair, version: UInt32 = 1) {
        var ids = ConnectionIDSource(workerIndex: 0, seed: 3)
        for port in 0..<UInt16(Self.floodCount) {
            var writer = InitialPacketWriter(
                destination: ids.makeInitialDestination().bytes,
                source: ids.makeInitialDestination().bytes,
                version: version
            )
            pair.inject(writer.datagram([1]), from: SocketAddress(ipv4: 203, 0, 113, 5, port: 1_000 + port))
        }
    }

    /// Expects a burst of replies to a flood, as many a second later as a second allows, and no more than a burst after an hour.
    private func expectLimit(_ pair: Pair, version: UInt32 = 1, of replies: (EndpointStatistics) -> Int) {
        flood(pair, version: version)
        #expect(replies(pair.server.statistics) == Self.burst)
        #expect(pair.server.statistics.drops[.rateLimited] == Self.floodCount - Self.burst)
        pair.run(for: .milliseconds(250))
        flood(pair, version: version)
        #expect(replies(pair.server.statistics) == Self.burst + Self.perSecond / 4)
        let before = replies(pair.server.statistics)
        pair.run(for: .seconds(3_600))
        flood(pair, version: version)
        #expect(replies(pair.server.statistics) - before == Self.burst, "a pause saves up no more")
    }

    @Test func retriesAreLimited() throws {
        try expectLimit(pair { $0.retryPolicy = .always }) { $0.retries }
    }

    @Test func refusalsAreLimited() throws {
        let pair = try pair { $0.connections = 1 }
        _ = try #require(try pair.connectAndEstablish())
        let sent = pair.server.statistics.transmitted.datagrams
        flood(pair)
        #expect(pair.server.statistics.transmitted.datagrams - sent == Self.burst)
        #expect(pair.server.statistics.drops[.rateLimited] == Self.floodCount - Self.burst)
    }

    // RFC 9000 §6.1: a server MAY limit the number of Version Negotiation packets it sends.
    @Test func versionNegotiationsAreLimited() throws {
        try expectLimit(pair(), version: 0x1a2a_3a4a) { $0.versionNegotiations }
    }
}
