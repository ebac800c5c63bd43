import DatagramIO
import Datagrams
import PacketWriter

/// One client that follows a ``PathChurnScript``.
final class PathChurner {
    private let connection: HostileConnection
    /// Its socket of the handshake, and others.
    private let sockets: [AttackSocket]
    private var script = PathChurnScript(longestPause: .milliseconds(250))
    private var generator = SystemRandomNumberGenerator()
    private var packetsLeft = 48
    private var dueAt = MonotonicInstant(nanoseconds: 0)

    init(_ connection: HostileConnection, _ others: [AttackSocket]) {
        self.connection = connection
        sockets = [connection.socket] + others
    }

    /// Whether it has sent all that it sends, or was closed.
    var isOver: Bool { packetsLeft == 0 || connection.isClosed }

    /// Reads what has arrived, and sends the next packet if it is time.
    func act(listeningInto batch: ReceiveBatch) {
        for socket in sockets {
            socket.receive(into: batch) { datagram, _, _ in
                if let frames = connection.hear(Array(datagram)) { script.hear(frames) }
            }
        }
        while !isOver, dueAt <= .now() {
            let packet = script.next(acknowledging: connection.acknowledgement, using: &generator)
            sockets[packet.address].send(connection.writer.packet(packet.frames, to: packet.destination))
            packetsLeft -= 1
            dueAt = MonotonicInstant.now().advanced(by: packet.pause)
        }
    }
}
