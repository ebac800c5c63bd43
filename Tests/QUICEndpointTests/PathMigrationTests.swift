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

    // RFC 9000 §9.3: an endpoint MUST respond to a change of address even if the old one has not been validated.
    @Test func aNATThatChangesItsMindWithinARoundTripIsFollowed() throws {
        let pair = try pair(61)
        let client = try #require(try HostileClient(pair: pair))
        var offset: UInt64 = 0
        for place in Self.places + Self.places {
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
        for place in Self.places + Self.places {
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
        let ids = client.heard.reduce(into: [:]) { ids, packet in
            ids.merge(ServerFrames(packet.payload).connectionIDs) { first, _ in first }
        }
        client.send(Frame.retireConnectionID(1))
        pair.run(for: .milliseconds(50))
        let replacement = client.heard.compactMap { ServerFrames($0.payload).connectionIDs[2] }.first
        let unusedID = try #require(replacement ?? ids[2])
        let heard = client.heard.count
        client.send(Frame.ping, from: Self.places[0])
        pair.run(for: .milliseconds(30))
        answerChallenges(client, since: heard, from: Self.places[0])
        client.send(self.ids(from: 200, count: 1, retiringBefore: 200))
        pair.run(for: .milliseconds(30))
        client.send(client.acknowledgement + Frame.ping, from: Self.places[0])
        // Sixteen retirements, and a change of address that would need the seventeenth.
        let stale = self.ids(from: 100, count: 16, retiringBefore: 0)
        let spare = self.ids(from: 201, count: 1, retiringBefore: 0)
        client.send(spare + stale + Frame.ping, from: client.address, to: unusedID)
        #expect(pair.server.statistics.drops[.otherPath] == 1)
        #expect(pair.serverCloses.isEmpty)
    }

    private func ids(from first: UInt64, count: UInt64, retiringBefore: UInt64) -> [UInt8] {
        (first..<first + count).flatMap { number in
            let id = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 12)
            return Frame.newConnectionID(number, retiringBefore: retiringBefore, id, token: id + [1, 2, 3, 4])
        }
    }
}
