import Datagrams
import LoadModel

/// Where one connection of a run stands, kept in its `context`.
///
/// Owns: itself, about 120 bytes, and its exchanges. Released by: the end of the connection.
final class ClientLife {
    /// What the connection is waiting for.
    enum Phase {
        case dialing
        case exchanging
        case holding
    }

    /// When it was meant to start.
    let intendedStart: MonotonicInstant
    /// When it did.
    let start: MonotonicInstant
    var phase = Phase.dialing
    /// What goes on on its streams.
    var exchanges: [Exchange] = []
    /// How many of its messages were answered.
    var answeredCount = 0
    /// How fast it reads; nil for as fast as bytes come.
    var reading: ReadPace?
    /// What it came to, once that is decided here.
    var outcome: ConnectionOutcome?
    /// The socket it uses.
    var socketIndex: Int
    /// Whether its keys are to be updated outside of the event that is being handled.
    var wantsKeyUpdate = false
    /// Whether it is to move to another socket outside of the event that is being handled.
    var wantsRebind = false

    init(intendedStart: MonotonicInstant, start: MonotonicInstant, socketIndex: Int) {
        self.intendedStart = intendedStart
        self.start = start
        self.socketIndex = socketIndex
    }
}
