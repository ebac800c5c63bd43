import Datagrams
import LoadModel

/// Where one connection that is to be abandoned stands, kept in its `context`.
///
/// Owns: itself, about 80 bytes. Released by: the end of the connection.
final class AbandonLife {
    /// What the connection waits for.
    enum Phase {
        /// The end of its handshake.
        case dialing
        /// A moment in which both sides acknowledge what there is.
        case resting
        /// All of its message back.
        case exchanging
        /// A datagram of the server, which is not read: it shows that the connection is at its point.
        case listening
        /// A moment in which the echo is acknowledged.
        case settling
        /// Nothing: it has vanished, or has failed.
        case over
    }

    var phase: Phase
    /// The socket it began on.
    let socketIndex: Int
    /// When it counts as failed.
    let deadline: MonotonicInstant
    /// How much of its message has come back.
    var receivedBytes = 0
    /// What it came to; nil while that is open.
    var outcome: ConnectionOutcome?

    init(phase: Phase, socketIndex: Int, deadline: MonotonicInstant) {
        self.phase = phase
        self.socketIndex = socketIndex
        self.deadline = deadline
    }
}
