import Datagrams
import LoadModel

/// Where one connection of a run stands, kept in its `context`.
///
/// Owns: nothing but itself, about 100 bytes. Released by: the end of the connection.
final class ClientLife {
    /// What the connection is waiting for.
    enum Phase {
        case dialing
        case exchanging
        case holding
    }

    /// When it was meant to start.
    let intendedStart: MonotonicInstant
    var phase = Phase.dialing
    /// When its message began to be sent.
    var messageStart = MonotonicInstant(nanoseconds: 0)
    /// How much of the message was handed to the transport.
    var writtenBytes = 0
    /// How much of the answer arrived.
    var receivedBytes = 0
    /// Whether every byte of the answer so far was the right one.
    var isIntact = true
    /// What it came to, once that is decided here.
    var outcome: ConnectionOutcome?
    /// Whether the answer is complete.
    var isAnswered = false

    init(intendedStart: MonotonicInstant) {
        self.intendedStart = intendedStart
    }
}
