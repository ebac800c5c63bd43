import DatagramIO
import Datagrams

/// A socket from which an attacker sends whatever it likes.
///
/// Owns: a UDP socket. Released by: `deinit`.
final class AttackSocket {
    /// Where it sends from, as the server sees it.
    let address: SocketAddress
    private var socket: UDPSocket
    private let target: SocketAddress
    /// What it has sent, and what has come.
    private(set) var sentDatagrams = 0
    private(set) var sentBytes = 0
    private(set) var receivedBytes = 0

    /// A socket bound to `address` whose datagrams go to `target`.
    init(bindingTo address: SocketAddress, target: SocketAddress) throws {
        let options = UDPSocket.Options(receiveBufferBytes: 256 << 10, segmentationOffload: false)
        socket = try UDPSocket(bindingTo: address, options: options)
        // The address in use is known only when the system has chosen one.
        if address.isUnspecified { try socket.connect(to: target) }
        self.address = socket.boundAddress
        self.target = target
    }

    func send(_ datagram: [UInt8]) {
        guard unsafe socket.sendOne(datagram.span.bytes, to: target) else { return }
        sentDatagrams += 1
        sentBytes += datagram.count
    }

    /// Hands every datagram that waits to `body`.
    func receive(into batch: ReceiveBatch, _ body: (RawSpan, NetworkPath, ECN) -> Void = { _, _, _ in }) {
        // An error of the path is one of the datagrams that nobody waits for.
        while let count = try? socket.receive(into: batch), count > 0 {
            batch.forEach { datagram, path, ecn in
                receivedBytes += datagram.byteCount
                body(datagram, NetworkPath(local: address, remote: path.remote), ecn)
            }
        }
    }
}
