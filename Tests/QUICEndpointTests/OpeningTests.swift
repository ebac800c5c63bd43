import BoundedMemory
import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// What happens to first packets.
@Suite struct OpeningTests {
    private static let stranger = SocketAddress(ipv4: 203, 0, 113, 5, port: 999)

    private func pair(_ policy: RetryPolicy, seed: UInt64 = 1) throws -> Pair {
        var configuration = EndpointConfiguration()
        configuration.admission.retryPolicy = policy
        return try Pair(seed: seed, services: [EchoService()], configuration: configuration)
    }

    // RFC 9000 §8.1.2: the client repeats its Initial with the token of the Retry.
    @Test(arguments: [UInt64(1), 2, 3])
    func aRetryIsAnsweredAndTheHandshakeCompletes(seed: UInt64) throws {
        let pair = try pair(.always, seed: seed)
        let connection = try #require(try pair.connectAndEstablish())
        #expect(pair.server.statistics.retries == 1)
        #expect(pair.server.statistics.admissions == ["retry": 1, "accept": 1])
        let stream = try pair.send([1, 2, 3], on: connection)
        pair.run(for: .seconds(1))
        #expect(pair.recorder.received(on: connection, stream).bytes == [1, 2, 3])
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(10))
        expectEverythingReturned(pair)
    }

    // RFC 9002 §6.2.4: when there is no data to send, the sender SHOULD send a PING or other ack-eliciting frame in a single
    // packet. OpenSSL does so in place of a ClientHello that was lost, until something is acknowledged.
    @Test func aProbeOfAClientWhoseHelloWasLostIsAnsweredWithARetry() throws {
        let pair = try pair(.never)
        var writer = InitialPacketWriter(seed: 7)
        for attempt in 1...3 {
            pair.inject(writer.datagram(Frame.ping), from: Self.stranger)
            #expect(pair.server.statistics.retries == attempt)
            #expect(pair.server.statistics.connections.live == 0)
        }
        #expect(pair.serverCloses == [.addressValidation, .addressValidation, .addressValidation])
        expectEverythingReturned(pair)
    }

    @Test func aFirstPacketThatCannotBeOpenedIsNotAnswered() throws {
        let pair = try pair(.never)
        var writer = InitialPacketWriter(seed: 7)
        var datagram = writer.datagram(Frame.ping)
        datagram[datagram.count - 1] ^= 1
        pair.inject(datagram, from: Self.stranger)
        #expect(pair.server.statistics.retries == 0)
        #expect(pair.server.statistics.transmitted.datagrams == 0)
        expectEverythingReturned(pair)
    }

    @Test func aRetryKeepsNothing() throws {
        let pair = try pair(.always)
        let connection = try pair.connect()
        pair.run(for: .milliseconds(7))
        pair.client.abandon(connection, at: pair.now)
        pair.run(for: .milliseconds(1))
        #expect(pair.server.statistics.retries == 1)
        #expect(pair.server.statistics.connections.created == 0)
        expectEverythingReturned(pair)
    }

    @Test func addressesMustBeProvenOnceManyHandshakesAreInFlight() throws {
        var configuration = EndpointConfiguration()
        configuration.admission.handshakesBeforeRetry = 10
        let pair = try Pair(seed: 4, services: [EchoService()], configuration: configuration)
        for _ in 0..<50 { _ = try pair.connect() }
        pair.run(for: .seconds(2))
        #expect(pair.server.statistics.connections.established == 50)
        #expect(pair.server.statistics.retries == 40)
    }

    @Test func handshakesBeyondTheLimitAreRefused() throws {
        var configuration = EndpointConfiguration()
        configuration.admission.retryPolicy = .never
        configuration.admission.handshakesInFlight = 10
        let pair = try Pair(seed: 5, services: [EchoService()], configuration: configuration)
        for _ in 0..<50 { _ = try pair.connect() }
        pair.run(for: .seconds(2))
        #expect(pair.server.statistics.connections.created == 10)
        #expect(pair.clientCloses == Array(repeating: .refused, count: 40))
        #expect(pair.server.statistics.admissions["refuse_handshakes"] == 40)
    }

    @Test func connectionsBeyondTheLimitAreRefused() throws {
        var configuration = EndpointConfiguration()
        configuration.admission.connections = 3
        let pair = try Pair(seed: 6, services: [EchoService()], configuration: configuration)
        for _ in 0..<5 { _ = try pair.connect() }
        pair.run(for: .seconds(2))
        #expect(pair.server.statistics.connections.established == 3)
        #expect(pair.clientCloses == [.refused, .refused])
    }

    // RFC 9000 §6.1: an unknown version is answered with Version Negotiation, and nothing is kept.
    @Test func anUnknownVersionIsAnsweredWithVersionNegotiation() throws {
        let pair = try pair(.auto)
        var replies: [[UInt8]] = []
        pair.network.admits = { transit in
            replies.append(transit.bytes)
            return false
        }
        var datagram = [UInt8](repeating: 0, count: 1_200)
        datagram.replaceSubrange(0..<5, with: [0xc0, 0x1a, 0x2a, 0x3a, 0x4a])
        datagram.replaceSubrange(5..<14, with: [8, 1, 2, 3, 4, 5, 6, 7, 8])
        datagram.replaceSubrange(14..<19, with: [4, 9, 8, 7, 6])
        pair.inject(datagram, from: Self.stranger)
        pair.run(for: .milliseconds(1))
        let reply = try #require(replies.first)
        #expect(reply[0] & 0x80 != 0)
        #expect(reply[1..<5] == [0, 0, 0, 0])
        #expect(reply[5..<10] == [4, 9, 8, 7, 6])
        #expect(reply[10..<19] == [8, 1, 2, 3, 4, 5, 6, 7, 8])
        #expect(reply[19..<23] == [0, 0, 0, 1])
        #expect(pair.server.statistics.versionNegotiations == 1)
        expectEverythingReturned(pair)
    }

    // RFC 9000 §6.1: no Version Negotiation for a datagram that is too small to open a connection.
    @Test func aSmallDatagramOfAnUnknownVersionIsDropped() throws {
        let pair = try pair(.auto)
        var datagram = [UInt8](repeating: 0, count: 1_199)
        datagram.replaceSubrange(0..<5, with: [0xc0, 0x1a, 0x2a, 0x3a, 0x4a])
        pair.inject(datagram, from: Self.stranger)
        #expect(pair.server.statistics.versionNegotiations == 0)
        #expect(pair.server.statistics.drops == [.malformed: 1])
    }

    @Test func version2IsSpokenToo() throws {
        let pair = try pair(.auto)
        let connection = try pair.connect(version: .v2)
        pair.run(for: .seconds(2)) { connection.state == .established }
        #expect(connection.state == .established)
    }

    // RFC 9001 §8.1: without a common application protocol the handshake fails with no_application_protocol (120).
    @Test func noCommonApplicationProtocolEndsWithItsAlert() throws {
        let pair = try Pair(seed: 7, services: [EchoService()], clientProtocols: ["h3"])
        _ = try pair.connect()
        pair.run(for: .seconds(10))
        #expect(pair.serverCloses == [.tlsAlert(120)])
        #expect(pair.clientCloses == [.tlsAlert(120)])
        expectEverythingReturned(pair)
    }

    @Test func repliesWithoutAConnectionAreLimited() throws {
        var configuration = EndpointConfiguration()
        configuration.admission.statelessRepliesPerSecond = 10
        let pair = try Pair(seed: 8, services: [EchoService()], configuration: configuration)
        let shortHeader = [UInt8](repeating: 0x40, count: 100)
        for _ in 0..<100 { pair.inject(shortHeader, from: Self.stranger) }
        #expect(pair.server.statistics.statelessResets == 5)
        #expect(pair.server.statistics.drops == [.rateLimited: 95])
    }

    /// Two workers share the key of reset tokens, so either could end the other's connections.
    @Test func aPacketOfAnotherWorkersConnectionIsNotAnsweredWithAReset() throws {
        var configuration = EndpointConfiguration()
        configuration.workerIndex = 1
        configuration.workerCount = 2
        let pair = try Pair(seed: 9, services: [EchoService()], configuration: configuration)
        var packet = [UInt8](repeating: 0x40, count: 100)
        for (worker, resets) in [(UInt8(0), 0), (1, 1), (2, 2)] {
            packet[1] = worker
            pair.inject(packet, from: Self.stranger)
            #expect(pair.server.statistics.statelessResets == resets)
        }
        #expect(pair.server.statistics.drops == [.otherWorker: 1])
    }

    // RFC 9000 §10.3.3: a stateless reset is smaller than the packet that triggered it.
    @Test(arguments: [21, 22, 30, 43, 44, 200, 1_500])
    func aStatelessResetIsSmallerThanItsTrigger(bytes: Int) throws {
        let pair = try pair(.auto)
        var replies: [Int] = []
        pair.network.admits = { transit in
            replies.append(transit.bytes.count)
            return false
        }
        pair.inject([UInt8](repeating: 0x40, count: bytes), from: Self.stranger)
        pair.run(for: .milliseconds(1))
        if bytes == 21 {
            #expect(replies.isEmpty)
        } else {
            #expect(replies.count == 1)
            #expect(replies.allSatisfy { $0 < bytes && $0 >= 21 })
        }
    }

    @Test func garbageOfEveryLengthLeavesNothingBehind() throws {
        let pair = try pair(.auto)
        var generator = SeededGenerator(seed: 99)
        for length in 0...1_501 {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            pair.inject(bytes, from: Self.stranger)
        }
        pair.run(for: .seconds(20))
        let statistics = pair.server.statistics
        #expect(statistics.received.datagrams == 1_502)
        #expect(statistics.drops[.empty] == 1)
        #expect(statistics.drops[.oversized] == 1)
        expectEverythingReturned(pair)
    }
}
