import DatagramIO
import Datagrams

/// An address at which datagrams arrive and nobody answers.
final class SilentPort: Sendable {
    let address: SocketAddress
    private let socket: UDPSocket

    init() throws {
        let socket = try UDPSocket(bindingTo: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
        address = socket.boundAddress
        self.socket = socket
    }
}
