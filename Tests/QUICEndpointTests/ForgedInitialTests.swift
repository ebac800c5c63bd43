import BoundedMemory
import Datagrams
import EchoService
import PacketWriter
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
        let initial = try #require(try OpenedInitial(pair: pair))
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
        let initial = try #require(try OpenedInitial(pair: pair))
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
        let initial = try #require(try OpenedInitial(pair: pair))
        let destination = [UInt8](repeating: 9, count: length)
        pair.inject(initial.datagram(destination: destination, token: [1, 2, 3]), from: Self.stranger)
        #expect(pair.server.statistics.connections.created == 0)
        #expect(pair.server.statistics.drops[.unroutable] == 1)
        #expect(pair.server.statistics.transmitted.datagrams == 0)
    }

    @Test(arguments: testSeeds)
    func noFirstFlightLeavesAnythingBehindOrExceedsTheLimits(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pair = try Pair(seed: seed, services: [EchoService()])
        let initial = try #require(try OpenedInitial(pair: pair))
        for round in 0..<100 {
            let address = SocketAddress(ipv4: 203, 0, 113, 5, port: UInt16(1_000 + round))
            let (before, received) = (pair.server.statistics, pair.server.statistics.received.bytes)
            attack(pair, with: initial, from: address, using: &generator)
            let after = pair.server.statistics
            let sent = after.transmitted.bytes - before.transmitted.bytes
            #expect(sent <= 3 * (after.received.bytes - received), "seed \(seed), round \(round)")
            #expect(after.ledger[.transport]?.peakBytes ?? 0 <= 48 * 1024, "seed \(seed), round \(round)")
            #expect(after.ledger[.tls]?.peakBytes ?? 0 <= 48 * 1024, "seed \(seed), round \(round)")
        }
        expectEverythingReturned(pair)
    }

    /// Sends the ClientHello in random pieces among other frames, and then nothing until the server has given up.
    private func attack(
        _ pair: Pair,
        with initial: OpenedInitial,
        from address: SocketAddress,
        using generator: inout SeededGenerator
    ) {
        let hello = initial.clientHello
        let destination = (0..<12).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        for number in 0..<UInt32.random(in: 1...8, using: &generator) {
            var frames: [UInt8] = []
            while frames.count < 900, !generator.chance(0.2) {
                let start = generator.chance(0.4) ? 0 : Int.random(in: 0..<hello.count, using: &generator)
                let end = generator.chance(0.3) ? hello.count : Int.random(in: start...hello.count, using: &generator)
                switch Int.random(in: 0..<20, using: &generator) {
                case 0: frames += Frame.ping
                case 1: frames += [0x02, 0, 0, 0, 0]
                case 2: frames += Frame.crypto(offset: .random(in: 0...70_000, using: &generator), [1])
                case 3: frames += [0x1c] + varint(2) + varint(0) + varint(0)
                default: frames += Frame.crypto(offset: UInt64(start), Array(hello[start..<end]))
                }
            }
            let token = generator.chance(0.2) ? [UInt8(0xb6), 1] : []
            let datagram = initial.datagram(destination: destination, token: token, frames: frames, number: number)
            pair.inject(datagram, from: address)
            pair.run(for: .milliseconds(Int64.random(in: 0...400, using: &generator)))
        }
        pair.run(for: .seconds(60))
    }
}
