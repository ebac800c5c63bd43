import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Which datagrams are taken for stateless resets. RFC 9000 §10.3.1.
@Suite struct StatelessResetTests {
    private func token(_ number: UInt64) -> [UInt8] { [UInt8](repeating: UInt8(0x70 + number), count: 16) }

    /// A client that has the server use connection IDs of its own, one after the other.
    private func client(usingIDs numbers: ClosedRange<UInt64>, seed: UInt64) throws -> HostileClient {
        let client = try #require(try HostileClient(pair: try Pair(seed: seed, services: [EchoService()])))
        for number in numbers {
            let id = [UInt8](repeating: UInt8(number), count: 12)
            client.send(Frame.newConnectionID(number, retiringBefore: number, id, token: token(number)))
            client.pair.run(for: .milliseconds(50))
            client.send(client.acknowledgement)
        }
        #expect(client.pair.serverCloses == [])
        return client
    }

    // RFC 9000 §10.3.1: an endpoint MUST NOT check for any stateless reset tokens associated with connection IDs it has not
    // used or for connection IDs that have been retired.
    @Test func onlyTheTokenOfTheIDInUseResetsAConnection() throws {
        let client = try client(usingIDs: 2...4, seed: 1)
        func reset(_ number: UInt64) -> [UInt8] { [0x40] + [UInt8](repeating: 0x33, count: 40) + token(number) }
        for number in UInt64(2)...3 {
            client.pair.inject(reset(number), from: client.address)
            #expect(client.pair.serverCloses == [], "ID \(number)")
        }
        client.pair.inject(reset(4), from: client.address)
        #expect(client.pair.serverCloses == [.statelessReset])
    }

    // RFC 9000 §10.3: a Stateless Reset that is smaller than 21 bytes is not recognised as one.
    @Test func aDatagramOfLessThan21BytesIsNoReset() throws {
        let client = try client(usingIDs: 2...2, seed: 2)
        client.pair.inject([0x40, 1, 2, 3] + token(2), from: client.address)
        #expect(client.pair.serverCloses == [])
        #expect(client.pair.server.statistics.drops == [.unroutable: 1])
        client.pair.inject([0x40, 1, 2, 3, 4] + token(2), from: client.address)
        #expect(client.pair.serverCloses == [.statelessReset])
    }

    // RFC 9000 §10.3.2: the same static key gives each connection ID a token of its own.
    @Test func eachIDHasATokenOfItsOwn() throws {
        let secret = EndpointSecret()
        var ids = ConnectionIDSource(workerIndex: 0, seed: 3)
        let (one, other) = (ids.makeConnectionID(), ids.makeConnectionID())
        let token = try #require(StatelessResetToken(for: one, secret: secret))
        #expect(StatelessResetToken(for: one, secret: secret) == token)
        #expect(StatelessResetToken(for: other, secret: secret) != token)
        #expect(StatelessResetToken(for: one, secret: EndpointSecret()) != token)
    }
}
