import BoundedMemory
import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// First packets that no library would send.
@Suite struct ForgedInitialTests {
    private static let stranger = SocketAddress(ipv4: 203, 0, 113, 5, port: 999)

    /// Tokens that prove nothing, by what they begin with: nothing we know, and a token for a later connection.
    private static let worthlessTokens: [[UInt8]] = [[1, 2, 3], [0x36] + [UInt8](repeating: 7, count: 57)]

    @Test func aForgedFirstPacketIsAnsweredLikeAnHonestOne() throws {
        let pair = try Pair(seed: 1, services: [EchoService()])
        let initial = try #require(try ForgedInitial(pair: pair))
        pair.inject(initial.datagram(), from: Self.stranger)
        #expect(pair.server.statistics.connections.handshaking == 1)
        pair.run(for: .seconds(60))
        #expect(pair.serverCloses == [.handshakeTimeout])
        expectEverythingReturned(pair)
    }

    // RFC 9000 §8.1: prior to validating the client address, servers MUST NOT send more than three times as many bytes
    // as the number of bytes they have received.
    @Test(arguments: worthlessTokens)
    func aTokenThatProvesNothingDoesNotLiftTheAmplificationLimit(token: [UInt8]) throws {
        let pair = try Pair(seed: 2, services: [EchoService()])
        let initial = try #require(try ForgedInitial(pair: pair))
        let datagram = initial.datagram(token: token)
        pair.inject(datagram, from: Self.stranger)
        pair.run(for: .seconds(60))
        #expect(pair.server.statistics.connections.created == 1)
        #expect(pair.server.statistics.transmitted.bytes <= 3 * datagram.count)
        expectEverythingReturned(pair)
    }

    // RFC 9000 §7.2: the client populates the Destination Connection ID field with an unpredictable value, which MUST be
    // at least 8 bytes in length.
    @Test(arguments: [0, 1, 7])
    func aFirstPacketToAShortConnectionIDIsDroppedEvenWithAToken(length: Int) throws {
        let pair = try Pair(seed: 3, services: [EchoService()])
        let initial = try #require(try ForgedInitial(pair: pair))
        let destination = [UInt8](repeating: 9, count: length)
        pair.inject(initial.datagram(destination: destination, token: [1, 2, 3]), from: Self.stranger)
        #expect(pair.server.statistics.connections.created == 0)
        #expect(pair.server.statistics.drops[.unroutable] == 1)
        #expect(pair.server.statistics.transmitted.datagrams == 0)
    }
}
