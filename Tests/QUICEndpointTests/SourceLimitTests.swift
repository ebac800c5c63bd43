import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// What one source of clients may have at a server.
@Suite struct SourceLimitTests {
    private func pair(_ change: (inout AdmissionLimits) -> Void) throws -> Pair {
        var configuration = EndpointConfiguration()
        change(&configuration.admission)
        return try Pair(seed: 1, services: [EchoService()], configuration: configuration)
    }

    /// First packets of clients that do not exist, from the address that honest ones have.
    private func forge(_ count: Int, at pair: Pair) {
        var ids = ConnectionIDSource(workerIndex: 0, seed: 99)
        // RFC 8446 §4: a client_hello of 512 bytes, most of which never come.
        let beginning: [UInt8] = [1, 0, 2, 0, 3, 3] + [UInt8](repeating: 0x55, count: 100)
        for number in 0..<count {
            var writer = InitialPacketWriter(
                destination: ids.makeInitialDestination(),
                source: ids.makeInitialDestination()
            )
            let address = SocketAddress(ipv4: 198, 51, 100, Pair.clientHost, port: UInt16(2_000 + number))
            pair.inject(writer.datagram(Frame.crypto(offset: 0, beginning)), from: address)
        }
    }

    private func expectReturn(_ pair: Pair) throws {
        while let connection = pair.client.nextLiveConnection() { pair.client.close(connection, at: pair.now) }
        pair.run(for: .seconds(40))
        expectEverythingReturned(pair)
    }

    @Test func nothingIsCountedWithoutALimit() throws {
        let pair = try pair { _ in }
        for _ in 0..<20 { _ = try pair.connect() }
        pair.run(for: .seconds(2))
        #expect(pair.server.statistics.connections.established == 20)
        #expect(pair.server.statistics.sources == 0)
    }

    @Test func connectionsOfASourceBeyondItsLimitAreRefusedAndThoseOfOthersAreNot() throws {
        let pair = try pair { $0.connectionsPerSource = 3 }
        let first = try #require(try pair.connectAndEstablish())
        for _ in 0..<4 { _ = try pair.connect() }
        for _ in 0..<3 { _ = try pair.connect(host: 8) }
        pair.run(for: .seconds(2))
        #expect(pair.server.statistics.connections.established == 6)
        #expect(pair.server.statistics.sources == 2)
        #expect(pair.server.statistics.admissions["refuse_source"] == 2)
        #expect(pair.clientCloses == [.refused, .refused])
        #expect(pair.server.eventLog.latest.contains { $0.kind == .refused(.source) })
        // Room again with the first one's end.
        pair.client.close(first, at: pair.now)
        pair.run(for: .seconds(2))
        #expect(try pair.connectAndEstablish() != nil)
        try expectReturn(pair)
    }

    @Test func handshakesOfASourceBeyondItsLimitMustProveTheirAddresses() throws {
        let pair = try pair { $0.handshakesPerSource = 5 }
        for _ in 0..<10 { _ = try pair.connect() }
        for _ in 0..<5 { _ = try pair.connect(host: 8) }
        pair.run(for: .seconds(2))
        #expect(pair.server.statistics.connections.established == 15)
        #expect(pair.server.statistics.retries == 5)
        try expectReturn(pair)
    }

    @Test func aHandshakeThatIsCompleteLeavesRoomForAnother() throws {
        let pair = try pair { $0.handshakesPerSource = 1 }
        for _ in 0..<5 { _ = try #require(try pair.connectAndEstablish()) }
        #expect(pair.server.statistics.retries == 0)
        try expectReturn(pair)
    }

    // RFC 9000 §8.1: an attacker can send a packet to a server with a spoofed source address.
    @Test func aFloodInAClientsNameDoesNotLockItOut() throws {
        let pair = try pair { $0.handshakesPerSource = 5 }
        forge(50, at: pair)
        #expect(pair.server.statistics.connections.handshaking == 5)
        #expect(pair.server.statistics.retries == 45)
        let honest = try pair.connectAndEstablish()
        #expect(honest != nil)
        #expect(pair.server.statistics.admissions["refuse_source"] == nil)
        try expectReturn(pair)
    }

    // RFC 9000 §8.1: the same where connections are limited and handshakes are not.
    @Test(arguments: [1, 2, 10])
    func aFloodInAClientsNameLeavesItHalfOfItsConnections(limit: Int) throws {
        let pair = try pair { $0.connectionsPerSource = limit }
        forge(50, at: pair)
        #expect(pair.server.statistics.connections.handshaking == limit / 2)
        #expect(pair.server.statistics.retries == 50 - limit / 2)
        for _ in 0..<limit - limit / 2 {
            let honest = try pair.connectAndEstablish()
            #expect(honest != nil)
        }
        #expect(pair.server.statistics.admissions["refuse_source"] == nil)
        try expectReturn(pair)
    }

    @Test func theSameFloodMeetsARefusalWhereNobodyMayProveAnything() throws {
        let pair = try pair {
            $0.handshakesPerSource = 5
            $0.retryPolicy = .never
        }
        forge(50, at: pair)
        #expect(pair.server.statistics.connections.handshaking == 5)
        #expect(pair.server.statistics.admissions["refuse_source"] == 45)
        try expectReturn(pair)
    }

    @Test func sourcesBeyondTheTableMustProveTheirAddressesAndNobodyIsForgotten() throws {
        let pair = try pair {
            $0.connectionsPerSource = 2
            $0.sourcesLimit = 2
        }
        for host in UInt8(1)...4 { _ = try pair.connect(host: host) }
        pair.run(for: .seconds(2))
        #expect(pair.server.statistics.connections.established == 4)
        #expect(pair.server.statistics.retries == 2)
        #expect(pair.server.statistics.sources == 2)
        for _ in 0..<2 { _ = try pair.connect(host: 1) }
        pair.run(for: .seconds(2))
        #expect(pair.server.statistics.admissions["refuse_source"] == 1)
        try expectReturn(pair)
    }
}
