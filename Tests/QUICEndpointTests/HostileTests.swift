import BoundedMemory
import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import Testing

@testable import QUICTransport

/// What a client can do that no library would.
@Suite struct HostileTests {
    @Test func handMadePacketsAreUnderstood() throws {
        let pair = try Pair(seed: 1, services: [EchoService()])
        let client = try #require(try HostileClient(pair: pair))
        client.send(Frame.stream(0, [1, 2, 3], isFinal: true))
        pair.run(for: .milliseconds(100))
        #expect(pair.server.statistics.connections.established == 1)
        #expect(client.heard.contains { $0.payload.contains([1, 2, 3]) })
        client.send(client.acknowledgement)
        pair.run(for: .milliseconds(100))
        #expect(pair.server.statistics.ledger[.rings]?.liveBytes == 0)
        // It acknowledged one packet, and acknowledges nothing more while it is there.
        for _ in 0..<20 {
            client.send(Frame.ping)
            pair.run(for: .seconds(1))
        }
        #expect(pair.serverCloses == [.acknowledgementSilence])
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    // RFC 9000 §3.5: a STOP_SENDING frame requests that the receiving endpoint send a RESET_STREAM frame.
    @Test func aStreamThePeerNoLongerReadsEndsBothWays() throws {
        let pair = try Pair(seed: 2, services: [EchoService()])
        let client = try #require(try HostileClient(pair: pair))
        client.send(Frame.stopSending(0, code: 7) + Frame.stream(0, [UInt8](repeating: 5, count: 1_000)))
        pair.run(for: .milliseconds(100))
        client.send(client.acknowledgement)
        pair.run(for: .milliseconds(100))
        // STOP_SENDING in return: nothing of ours keeps the stream open.
        #expect(client.heard.contains { $0.payload.contains(Frame.stopSending(0)) })
        #expect(pair.server.statistics.ledger[.rings]?.liveBytes == 0)
        client.send(Frame.resetStream(0, finalSize: 1_000))
        pair.run(for: .milliseconds(100))
        #expect(pair.server.connection(ConnectionHandle(index: 0, generation: 1))?.streamCount == 0)
    }

    // RFC 9000 §9.3.2: a packet copied to another address, or a NAT that changes its mind, looks like this.
    @Test func aClientThatReturnsToItsOldAddressBeforeTheNewOneIsValidatedLivesOn() throws {
        var configuration = EndpointConfiguration()
        configuration.transport.allowsMigration = true
        let pair = try Pair(seed: 3, services: [EchoService()], configuration: configuration)
        let client = try #require(try HostileClient(pair: pair))
        client.send(Frame.ping, from: SocketAddress(ipv4: 203, 0, 113, 5, port: 999))
        client.send(Frame.ping)
        client.send(Frame.stream(0, [1, 2, 3], isFinal: true))
        pair.run(for: .milliseconds(100))
        #expect(client.heard.contains { $0.payload.contains([1, 2, 3]) })
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    // RFC 9000 §9: the endpoint MUST either drop the incoming packets on that path without generating a Stateless Reset
    // or proceed with path validation. The second ended in an assertion of ngtcp2 for a client like this.
    @Test(arguments: [true, false])
    func aClientThatMovesWithSixteenRetirementsUnacknowledgedEndsNothing(isFollowed: Bool) throws {
        var configuration = EndpointConfiguration()
        configuration.transport.allowsMigration = isFollowed
        let pair = try Pair(seed: 4, services: [EchoService()], configuration: configuration)
        let client = try #require(try HostileClient(pair: pair))
        client.send(Frame.retireConnectionID(1))
        pair.run(for: .milliseconds(50))
        let replacement = client.heard.compactMap { ServerFrames($0.payload).connectionIDs[2] }.first
        let unusedID = try #require(replacement)
        for number in UInt64(2)...17 {
            let id = [UInt8](repeating: UInt8(number), count: 12)
            client.send(Frame.newConnectionID(number, retiringBefore: number - 1, id, token: id + [1, 2, 3, 4]))
        }
        client.send(Frame.ping, from: SocketAddress(ipv4: 203, 0, 113, 5, port: 999), to: unusedID)
        #expect(pair.server.statistics.drops[.otherPath, default: 0] == (isFollowed ? 0 : 1))
        client.send(Frame.stream(0, [1, 2, 3], isFinal: true), to: unusedID)
        pair.run(for: .milliseconds(100))
        // Followed, it has no connection ID left for the other path.
        #expect(isFollowed || client.heard.contains { $0.payload.contains([1, 2, 3]) })
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }
}
