import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Clients of servers of both address families, the socket of one of which takes nothing for now.
@Suite struct HeldFamilyTests {
    private let batch = TransmitBatch()

    private func families(_ pair: Pair, holding held: SocketAddress.Family?) -> [SocketAddress.Family] {
        pair.client.transmit(into: batch, holding: held, at: pair.now)
        defer { batch.removeAll() }
        return batch.entries.map(\.path.local.family)
    }

    @Test(arguments: SocketAddress.Family.allCases)
    func onlyItsOwnConnectionsWait(held: SocketAddress.Family) throws {
        let pair = try Pair(seed: 1, services: [EchoService()])
        let other: SocketAddress.Family = held == .ipv4 ? .ipv6 : .ipv4
        let local = try #require(SocketAddress("[2001:db8::7]:10000"))
        let remote = try #require(SocketAddress("[2001:db8::1]:4433"))
        for _ in 0..<3 {
            _ = try pair.connect()
            _ = try pair.client.connect(path: NetworkPath(local: local, remote: remote), at: pair.now)
        }
        #expect(families(pair, holding: held) == [other, other, other])
        #expect(families(pair, holding: held) == [])
        #expect(families(pair, holding: nil) == [held, held, held])
        #expect(families(pair, holding: nil) == [])
    }
}
