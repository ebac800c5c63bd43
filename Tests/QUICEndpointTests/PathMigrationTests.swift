import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Following a client to other addresses: behind a NAT that changes its mind at once, and where the client is hostile.
@Suite struct PathMigrationTests {
    /// A NAT's, or a hostile client's.
    private static let places = (1...4).map { SocketAddress(ipv4: 203, 0, 113, UInt8($0), port: 5_000) }

    private func pair(_ seed: UInt64) throws -> Pair {
        var configuration = EndpointConfiguration()
        configuration.transport.allowsMigration = true
        return try Pair(seed: seed, services: [EchoService()], configuration: configuration)
    }

    /// Sends what answers the challenges heard since packet `first`.
    private func answerChallenges(_ client: HostileClient, since first: Int, from place: SocketAddress) {
        let challenges = client.heard.dropFirst(first).flatMap { ServerFrames($0.payload).pathChallenges }
        client.send(challenges.flatMap(Frame.pathResponse) + Frame.ping, from: place)
    }

    // RFC 9000 §9.3: if the recipient permits the migration, it MUST send subsequent packets to the new peer address and
    // MUST initiate path validation to verify the peer's ownership of the address if validation is not already underway.
    @Test func aNATThatChangesItsMindWithinARoundTripIsFollowed() throws {
        let pair = try pair(61)
        let client = try #require(try HostileClient(pair: pair))
        var offset: UInt64 = 0
        for place in Self.places {
            client.send(Frame.stream(0, offset: offset, [1, 2, 3]), from: place)
            offset += 3
            #expect(pair.server.reports(at: pair.now).first?.path?.remote == place)
        }
        #expect(pair.server.statistics.drops[.otherPath] == nil)
        pair.run(for: .milliseconds(200))
        #expect(pair.serverCloses.isEmpty)
    }

    @Test func aChangeSoonAfterOneThatIsValidatedIsFollowed() throws {
        let pair = try pair(62)
        let client = try #require(try HostileClient(pair: pair))
        for place in Self.places {
            let heard = client.heard.count
            client.send(Frame.ping, from: place)
            pair.run(for: .milliseconds(30))
            answerChallenges(client, since: heard, from: place)
            pair.run(for: .milliseconds(30))
            #expect(pair.server.reports(at: pair.now).first?.path?.remote == place)
        }
        #expect(pair.server.statistics.drops[.otherPath] == nil)
    }

    /// The old address is validated once more after the new one, and would lose its ID to a change that takes another.
    @Test func aChangeThatTakesAnotherIDWhileTheOldPathIsValidatedIsDropped() throws {
        let pair = try pair(63)
        let client = try #require(try HostileClient(pair: pair))
        let unusedID = try unusedID(of: pair, for: client)
        let heard = client.heard.count
        client.send(Frame.ping, from: Self.places[0])
        pair.run(for: .milliseconds(30))
        answerChallenges(client, since: heard, from: Self.places[0])
        client.send(ids(from: 200, count: 1, retiringBefore: 200))
        pair.run(for: .milliseconds(30))
        client.send(client.acknowledgement + Frame.ping, from: Self.places[0])
        // Sixteen retirements, and a change of address that would need the seventeenth.
        let spare = ids(from: 201, count: 1, retiringBefore: 0)
        client.send(spare + sixteenRetirements + Frame.ping, from: client.address, to: unusedID)
        #expect(pair.server.statistics.drops[.otherPath] == 1)
        #expect(pair.serverCloses.isEmpty)
    }

    // RFC 9000 §9.5: a client that moves on purpose uses another connection ID each time.
    @Test func aClientThatMovesAgainAfterAQuietTimeIsFollowed() throws {
        let pair = try pair(66)
        let client = try #require(try HostileClient(pair: pair))
        client.send(client.acknowledgement)
        let unusedID = try unusedID(of: pair, for: client)
        let heard = client.heard.count
        client.send(Frame.ping + Self.padding, from: Self.places[0])
        pair.run(for: .milliseconds(30))
        answerChallenges(client, since: heard, from: Self.places[0])
        client.send(client.acknowledgement, from: Self.places[0])
        pair.run(for: .seconds(15))
        // The first is refused, and makes the server see that the change before is over.
        for _ in 1...2 {
            client.send(Frame.ping, from: Self.places[1], to: unusedID)
            pair.run(for: .milliseconds(100))
        }
        #expect(pair.server.reports(at: pair.now).first?.path?.remote == Self.places[1])
        #expect(pair.server.statistics.drops[.otherPath] == 1)
    }

    /// A connection ID of the server's that no packet was sent to.
    private func unusedID(of pair: Pair, for client: HostileClient) throws -> [UInt8] {
        client.send(Frame.retireConnectionID(1))
        pair.run(for: .milliseconds(50))
        return try #require(client.heard.compactMap { ServerFrames($0.payload).connectionIDs[2] }.first)
    }

    /// A client with an ID of its own in use, a spare one, and nothing unacknowledged.
    private func preparedClient(_ pair: Pair) throws -> HostileClient {
        let client = try #require(try HostileClient(pair: pair))
        client.send(ids(from: 200, count: 1, retiringBefore: 200))
        pair.run(for: .milliseconds(50))
        client.send(client.acknowledgement)
        pair.run(for: .seconds(3))
        client.send(ids(from: 201, count: 1, retiringBefore: 0) + client.acknowledgement)
        pair.run(for: .milliseconds(50))
        client.send(client.acknowledgement)
        return client
    }

    private var sixteenRetirements: [UInt8] { ids(from: 100, count: 16, retiringBefore: 0) }
    private static let padding = [UInt8](repeating: 0, count: 500)

    /// The old path's challenge is answered in a packet that probes the old path, for which ngtcp2 sets the spare ID aside.
    @Test func aProbeFromTheOldPathDoesNotLeadToTheAssertion() throws {
        let pair = try pair(64)
        let client = try preparedClient(pair)
        var heard = client.heard.count
        client.send(Frame.ping + Self.padding, from: Self.places[0])
        pair.run(for: .milliseconds(5))
        answerChallenges(client, since: heard, from: Self.places[0])
        heard = client.heard.count
        pair.run(for: .milliseconds(5))
        let challenges = client.heard.dropFirst(max(0, heard - 2)).flatMap { ServerFrames($0.payload).pathChallenges }
        #expect(!challenges.isEmpty)
        let probe = Frame.pathChallenge([1, 2, 3, 4, 5, 6, 7, 8])
        client.send(challenges.flatMap(Frame.pathResponse) + probe)
        client.send(Frame.ping, from: Self.places[1])
        client.send(sixteenRetirements + Frame.ping)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    /// A challenge is answered when its path is neither in use nor validated any more, and takes the spare ID for that.
    @Test func aProbeThatIsAnsweredLateDoesNotLeadToTheAssertion() throws {
        let pair = try pair(65)
        let client = try preparedClient(pair)
        client.push(Frame.pathChallenge([1, 2, 3, 4, 5, 6, 7, 8]) + Frame.ping, from: Self.places[0])
        client.send(Frame.ping, from: Self.places[1])
        client.send(sixteenRetirements + Frame.ping, from: Self.places[0])
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    private func ids(from first: UInt64, count: UInt64, retiringBefore: UInt64) -> [UInt8] {
        (first..<first + count).flatMap { number in
            let id = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 12)
            return Frame.newConnectionID(number, retiringBefore: retiringBefore, id, token: id + [1, 2, 3, 4])
        }
    }
}
