import DatagramIO
import Datagrams
import Testing

@testable import QUICClient

@Suite struct ClientSocketsTests {
    private static let hasIPv6 = SocketAddress("[::1]:0").flatMap { try? UDPSocket(bindingTo: $0).boundAddress } != nil

    @Test(.enabled(if: hasIPv6), arguments: SocketAddress.Family.allCases)
    func aFamilyWhoseSocketIsBlockedHindersNoOther(blocked: SocketAddress.Family) throws {
        let sockets = try ClientSockets()
        var ipv4 = try UDPSocket(bindingTo: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
        var ipv6 = try UDPSocket(bindingTo: try #require(SocketAddress("[::1]:0")))
        let paths = try [ipv4.boundAddress, ipv6.boundAddress].map { try sockets.path(to: $0) }
        try sockets.block(blocked)
        var held: [SocketAddress.Family?] = []
        try sockets.send { batch, family in
            held.append(family)
            guard held.count == 1 else { return }
            for path in paths { unsafe batch.append(copying: [UInt8](repeating: 7, count: 100).span.bytes, path: path) }
        }
        #expect(held == [blocked, blocked])
        let received = ReceiveBatch()
        #expect(try ipv4.receive(into: received) == (blocked == .ipv4 ? 0 : 1))
        #expect(try ipv6.receive(into: received) == (blocked == .ipv6 ? 0 : 1))
        #expect(!sockets.isDrained)
        // It can be written to.
        _ = try sockets.wait(until: .now(), now: .now())
        #expect(sockets.isDrained)
        #expect(try ipv4.receive(into: received) + ipv6.receive(into: received) == 1)
    }

    @Test(.enabled(if: hasIPv6)) func whereAllAreBlockedNothingIsAskedFor() throws {
        let sockets = try ClientSockets()
        for family in SocketAddress.Family.allCases { try sockets.block(family) }
        try sockets.send { _, _ in Issue.record("nothing could be sent") }
    }
}
