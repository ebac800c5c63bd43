import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Datagrams that are never answered, because the answer would go to a service, or would be answered itself.
@Suite struct BlockedPortTests {
    private func pair(blocksPorts: Bool = true) throws -> Pair {
        var configuration = EndpointConfiguration()
        configuration.admission.blocksPorts = blocksPorts
        return try Pair(seed: 1, services: [EchoService()], configuration: configuration)
    }

    /// Whatever the server sends is taken down, and does not arrive.
    private func replies(of pair: Pair, to datagrams: [[UInt8]], from port: UInt16) -> [[UInt8]] {
        var replies: [[UInt8]] = []
        pair.network.admits = { transit in
            replies.append(transit.bytes)
            return false
        }
        for datagram in datagrams { pair.inject(datagram, from: SocketAddress(ipv4: 203, 0, 113, 5, port: port)) }
        pair.run(for: .milliseconds(1))
        return replies
    }

    private func initial() -> [UInt8] {
        var writer = InitialPacketWriter(seed: 5)
        return writer.datagram([0x01])
    }

    private static let unknownVersion: [UInt8] =
        [0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0] + [UInt8](repeating: 0, count: 1_185)
    private static let shortHeader = [UInt8](repeating: 0x40, count: 100)

    @Test(arguments: BlockedPorts.all)
    func nothingIsOpenedOrAnsweredFromABlockedPort(port: UInt16) throws {
        let pair = try pair()
        #expect(replies(of: pair, to: [initial(), Self.unknownVersion, Self.shortHeader], from: port) == [])
        #expect(pair.server.statistics.drops == [.blockedPort: 3])
        #expect(pair.server.statistics.connections.created == 0)
        expectEverythingReturned(pair)
    }

    @Test(arguments: [UInt16(1), 1_024, 1_899, 11_210, 11_212, 65_535])
    func otherPortsAreServed(port: UInt16) throws {
        let pair = try pair()
        #expect(replies(of: pair, to: [Self.unknownVersion, Self.shortHeader], from: port).count == 2)
        #expect(pair.server.statistics.drops == [:])
    }

    @Test func blockedPortsAreServedWhereThatIsAskedFor() throws {
        let pair = try pair(blocksPorts: false)
        #expect(replies(of: pair, to: [Self.unknownVersion, Self.shortHeader], from: 53).count == 2)
    }

    @Test func theListIsInOrderAndEachPortIsFound() {
        #expect(BlockedPorts.all == BlockedPorts.all.sorted())
        #expect(Set(BlockedPorts.all).count == BlockedPorts.all.count)
        let found = (UInt16.min...UInt16.max).filter { BlockedPorts.contains($0) }
        #expect(found == BlockedPorts.all)
    }

    // RFC 9000 §6.1: an endpoint MUST NOT send a Version Negotiation packet in response to receiving one.
    // RFC 9000 §17.2.5.2: a Retry is for clients.
    @Test func whatOnlyServersSendIsNotAnswered() throws {
        let pair = try pair()
        let ids: [UInt8] = [8, 1, 2, 3, 4, 5, 6, 7, 8, 4, 9, 8, 7, 6]
        let padding = [UInt8](repeating: 7, count: 1_200)
        let versionNegotiation = [0xc0, 0, 0, 0, 0] + ids + [0, 0, 0, 1]
        let retry = [0xf0, 0, 0, 0, 1] + ids + padding
        let handshake = [0xe0, 0, 0, 0, 1] + ids + padding
        let zeroRTT = [0xd0, 0, 0, 0, 1] + ids + padding
        let datagrams = [versionNegotiation, versionNegotiation + padding, retry, handshake, zeroRTT]
        #expect(replies(of: pair, to: datagrams, from: 4_433) == [])
        #expect(pair.server.statistics.connections.created == 0)
        expectEverythingReturned(pair)
    }

    // RFC 9000 §10.3.3: an endpoint MUST ensure that every Stateless Reset that it sends is smaller than the packet that
    // triggered it, to avoid looping.
    @Test func twoServersThatResetEachOtherFallSilent() throws {
        let servers = try (0..<2).map { _ in try pair() }
        var datagram: [UInt8]? = [UInt8](repeating: 0x40, count: 1_500)
        var exchanges = 0
        while let received = datagram, exchanges < 100 {
            datagram = replies(of: servers[exchanges % 2], to: [received], from: 4_433).first
            exchanges += 1
        }
        #expect(exchanges == 24)
    }
}
