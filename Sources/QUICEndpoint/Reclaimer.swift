import BoundedMemory
import Datagrams
import QUICTransport

/// Finds the connections that memory is taken back from while the process is close to its limit: those that hold more than their floor
/// and get nowhere.
///
/// Neither a connection within its floor nor one that makes progress is among them.
struct Reclaimer {
    /// How long a borrower may be without progress while memory is short.
    private static let patience = Duration.seconds(5)
    /// The same for one that holds little more than its floor: many of them could keep others out as well.
    private static let smallBorrowerPatience = Duration.seconds(20)
    /// Places looked at in one turn, so that a turn costs the same however many there are.
    static let slotsPerTurn = 256

    /// The place to look at next.
    private var position = 0

    /// The connection in the next place, if it is one of those; nil if it is not.
    mutating func nextStalledBorrower(
        in slots: borrowing ConnectionSlots,
        of share: MemoryShare,
        at now: MonotonicInstant
    ) -> Connection? {
        if position >= slots.count { position = 0 }
        defer { position += 1 }
        guard position < slots.count, case .live(let connection) = slots[position], connection.state == .established,
            connection.account.borrowedBytes > 0
        else { return nil }
        let isSmall = connection.account.borrowedBytes <= share.graceBytes
        let patience = isSmall ? Self.smallBorrowerPatience : Self.patience
        return connection.isStalled(for: patience, at: now) ? connection : nil
    }
}
