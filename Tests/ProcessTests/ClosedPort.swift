import DatagramIO
import Datagrams

/// Calls `body` with the address of a UDP port that refuses every datagram, such as `127.0.0.1:41234`.
///
/// A port that is merely free may be the next that the system gives to a client: that client would then talk to itself. This
/// one is taken, by a socket that is connected to itself. To the kernel nobody listens there for anybody else.
func withClosedPort(_ body: (_ address: String) async throws -> Void) async throws {
    var socket = try UDPSocket(bindingTo: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
    try socket.connect(to: socket.boundAddress)
    try await body("\(socket.boundAddress)")
    // It is released here and not before.
    _ = consume socket
}
