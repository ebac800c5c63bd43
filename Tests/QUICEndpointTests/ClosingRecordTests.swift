import BoundedMemory
import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Records of connections that ended: their bytes, how long they stay, and whom they answer.
@Suite struct ClosingRecordTests {
    private static let handle = ConnectionHandle(index: 0, generation: 1)
    private static let stranger = SocketAddress(ipv4: 203, 0, 113, 5, port: 999)

    /// A server whose records may take as much as a dozen of them.
    private func pairOfFewBytes(seed: UInt64) throws -> Pair {
        var configuration = EndpointConfiguration()
        configuration.closingBytesLimit = 4_096
        return try Pair(seed: seed, services: [EchoService()], configuration: configuration)
    }

    private func closingBytes(_ pair: Pair) -> Int { pair.server.ledger.usage(of: .closing).liveBytes }

    @Test func theBytesOfRecordsAreBounded() throws {
        let pair = try pairOfFewBytes(seed: 1)
        let connections = try (0..<30).map { _ in try #require(try pair.connectAndEstablish()) }
        for connection in connections {
            pair.client.close(connection, at: pair.now)
            pair.run(for: .milliseconds(6))
            #expect(closingBytes(pair) <= 4_096)
        }
        #expect(closingBytes(pair) > 3_000)
        #expect((5..<30).contains(pair.server.statistics.connections.draining))
        pair.run(for: .seconds(10))
        #expect(closingBytes(pair) == 0)
        expectEverythingReturned(pair)
    }

    @Test func recordsThatAreGoneLeaveRoomForOthers() throws {
        let pair = try pairOfFewBytes(seed: 2)
        for _ in 0..<30 {
            pair.client.close(try #require(try pair.connectAndEstablish()), at: pair.now)
            pair.run(for: .seconds(10))
            #expect(pair.server.statistics.connections.draining == 0)
        }
        let connections = try (0..<5).map { _ in try #require(try pair.connectAndEstablish()) }
        for connection in connections { pair.client.close(connection, at: pair.now) }
        pair.run(for: .milliseconds(6))
        #expect(pair.server.statistics.connections.draining == 5)
    }

    // RFC 9000 §10.2: the closing and draining connection states SHOULD persist for at least three times the current PTO
    // interval. A peer far away would make that minutes.
    @Test func aRecordStaysForThirtySecondsAtMost() throws {
        var configuration = EndpointConfiguration()
        configuration.transport.handshakeTimeout = .seconds(300)
        configuration.transport.staysOpen()
        var conditions = SimulatedNetwork.Conditions()
        conditions.latency = .seconds(8)
        let pair = try Pair(
            seed: 3,
            services: [EchoService()],
            configuration: configuration,
            clientConfiguration: configuration,
            conditions: conditions
        )
        _ = try pair.connect()
        pair.run(for: .seconds(120))
        #expect(try #require(pair.server.connection(Self.handle)).closingPeriod > .seconds(45))
        pair.server.close(Self.handle, at: pair.now)
        pair.run(for: .seconds(29))
        #expect(pair.server.statistics.connections.closing == 1)
        pair.run(for: .seconds(2))
        #expect(pair.server.statistics.connections.closing == 0)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    // RFC 9000 §10.2.1: "an endpoint in the closing state MUST limit the cumulative size of packets it sends to three times
    // the cumulative size of the packets that it receives".
    @Test func anAnswerIsNoLongerThanThreeTimesItsCause() throws {
        let pair = try Pair(seed: 4, services: [EchoService()], clientProtocols: ["h3"])
        var firstFlight: [UInt8] = []
        var answers: [Int] = []
        pair.network.admits = { transit in
            if transit.path.local != Pair.serverAddress {
                answers.append(transit.bytes.count)
            } else if firstFlight.isEmpty {
                firstFlight = transit.bytes
            }
            return transit.path.local == Pair.serverAddress
        }
        let client = try pair.connect()
        pair.run(for: .milliseconds(7))
        #expect(pair.serverCloses == [.tlsAlert(120)])
        pair.client.abandon(client, at: pair.now)
        let closePacketBytes = try #require(answers.last)
        let destination = try #require(unsafe InitialPacket(firstFlight.span.bytes)).destination
        let shortest = [0x40] + (0..<destination.count).map { destination[$0] }
        try #require(closePacketBytes > 3 * shortest.count)
        answers = []
        pair.inject(shortest, from: Self.stranger)
        #expect(answers == [])
        pair.inject(shortest + [UInt8](repeating: 0, count: closePacketBytes), from: Self.stranger)
        #expect(answers == [closePacketBytes])
    }

    // RFC 9000 §10.2.1: packets of another address are answered where the connection was, or anyone could have close packets
    // sent to an address of their choice.
    @Test func anAnswerGoesToTheAddressThatItFirstWentTo() throws {
        let pair = try Pair(seed: 5, services: [EchoService()])
        let connection = try #require(try pair.connectAndEstablish())
        let address = try #require(connection.path).local
        var late: [UInt8] = []
        var answered: [SocketAddress] = []
        pair.network.admits = { transit in
            if transit.path.local == Pair.serverAddress {
                late = transit.bytes
            } else {
                answered.append(transit.path.local)
            }
            return transit.path.local == Pair.serverAddress
        }
        _ = try pair.send([1], on: connection)
        pair.run(for: .milliseconds(100))
        pair.client.abandon(connection, at: pair.now)
        pair.server.close(Self.handle, at: pair.now)
        pair.run(for: .milliseconds(1))
        answered = []
        pair.inject(late, from: Self.stranger)
        #expect(answered == [address])
    }
}
