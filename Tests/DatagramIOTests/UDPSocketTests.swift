import DatagramIO
import Datagrams
import Testing

@Suite struct UDPSocketTests {
    @Test(arguments: Peer.loopbacks)
    func portZeroIsResolved(address: SocketAddress) throws {
        let peer = try Peer(address)
        #expect(peer.address.port != 0)
        #expect(peer.address.host == address.host)
    }

    @Test(arguments: Peer.loopbacks)
    func aUsedPortIsNamedInTheError(address: SocketAddress) throws {
        let holder = try Peer(address)
        let taken = holder.address
        let error = #expect(throws: SocketError.self) { _ = try Peer(taken) }
        #expect(error?.operation == .bind)
        #expect(error?.description == "cannot bind \(taken): Address already in use")
    }

    @Test func anAddressOfAnotherHostCannotBeBound() {
        let error = #expect(throws: SocketError.self) { _ = try Peer(SocketAddress(ipv4: 192, 0, 2, 1, port: 4_433)) }
        #expect(error?.description == "cannot bind 192.0.2.1:4433: Cannot assign requested address")
    }

    @Test func theEndOfASocketFreesItsPort() throws {
        // On an address of its own: between the two, the system may give the port to another test.
        var first: Peer? = try Peer(SocketAddress(ipv4: 127, 0, 0, 77, port: 0))
        let address = try #require(first?.address)
        first = nil
        #expect(try Peer(address).address == address)
    }

    @Test func socketsShareAPortOnlyWhenAsked() throws {
        let options = UDPSocket.Options(reusePort: true)
        let first = try Peer(options: options)
        #expect(try Peer(first.address, options: options).address == first.address)
        #expect(throws: SocketError.self) { _ = try Peer(first.address) }
    }

    @Test func bothWildcardsFitOnOnePort() throws {
        // The port that the system chooses for the one may be another test's on IPv6, but not ten times in a row.
        let fits = try (0..<10).contains { _ in
            let ipv4 = try Peer(SocketAddress(ipv4: 0, 0, 0, 0, port: 0))
            let ipv6 = try #require(SocketAddress("[::]:\(ipv4.address.port)"))
            return withExtendedLifetime(ipv4) { (try? Peer(ipv6))?.address == ipv6 }
        }
        #expect(fits)
    }

    @Test func kernelBuffersAreOfTheSizeAsked() throws {
        let peer = try Peer(options: .init(receiveBufferBytes: 64 << 10, sendBufferBytes: 32 << 10))
        #expect(peer.socket.receiveBufferBytes == 128 << 10)
        #expect(peer.socket.sendBufferBytes == 64 << 10)
    }

    @Test(arguments: Peer.loopbacks)
    func aClosedPortDoesNotFailTheSocket(address: SocketAddress) throws {
        let closed = try closedPort(of: address)
        let peer = try Peer(address)
        #expect(try peer.send([1], to: closed.address) == .drained)
        #expect(try peer.send([2], to: peer.address) == .drained)
        #expect(try peer.receive(1).map(\.bytes) == [[2]])
        #expect(peer.socket.statistics.datagramsSent == 2)
        #expect(closed.address.port != 0)
    }

    /// A port that refuses every datagram as long as this is held: its socket hears nobody but itself, and the system gives
    /// the port to no other test.
    private func closedPort(of address: SocketAddress) throws -> Peer {
        let peer = try Peer(address)
        try peer.socket.connect(to: peer.address)
        return peer
    }

    @Test(arguments: Peer.loopbacks)
    func aConnectedSocketLearnsThatThePortIsClosed(address: SocketAddress) throws {
        let closed = try closedPort(of: address)
        let peer = try Peer(address)
        try peer.socket.connect(to: closed.address)
        #expect(peer.socket.pollPathError() == nil)
        #expect(try peer.send([1], to: closed.address) == .drained)

        var loop = try EventLoop()
        try loop.add(peer.socket, tag: 1)
        let wakeup = try loop.wait(until: MonotonicInstant.now().advanced(by: .seconds(5)), now: .now())
        #expect(wakeup.readyCount == 1)
        #expect(loop.ready(0).isReadable)

        #expect(try peer.socket.receive(into: peer.inbox) == 0)
        #expect(peer.socket.pollPathError() == .connectionRefused)
        #expect(peer.socket.pollPathError() == nil)
        #expect(peer.socket.statistics.receiveErrors == 1)
        #expect(closed.address.port != 0)
    }

    @Test func aConnectedSocketOfTheWildcardKnowsItsAddress() throws {
        let server = try Peer()
        let client = try Peer(SocketAddress(ipv4: 0, 0, 0, 0, port: 0))
        try client.socket.connect(to: server.address)
        #expect(client.address.host == "127.0.0.1")
        #expect(try client.send([7], to: server.address) == .drained)
        #expect(try server.receive(1).map(\.path.remote) == [client.address])
    }
}
