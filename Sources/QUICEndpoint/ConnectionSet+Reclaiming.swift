import BoundedMemory
import Datagrams
import QUICTransport

/// Taking memory back while the process is close to its limit.
extension ConnectionSet {
    /// How long a borrower may be without progress while memory is short.
    package static let stalledBorrowerPatience = Duration.seconds(5)
    /// The same for one that holds little more than its floor: many of them could keep others out as well.
    private static let smallBorrowerPatience = Duration.seconds(20)
    /// Slots looked at in one turn, so that a turn costs the same however many there are.
    private static let reclaimedSlotsPerTurn = 256

    /// Ends connections that hold more than their floor and get nowhere, while no connection can be admitted for want of
    /// memory: those who use theirs would otherwise be refused for those who only keep it.
    ///
    /// Neither a connection within its floor nor one that makes progress is ended.
    func reclaim(at now: MonotonicInstant, into batch: TransmitBatch) {
        guard !ledger.share.admitsConnection else { return }
        for _ in 0..<min(slots.count, Self.reclaimedSlotsPerTurn) where !batch.isFull {
            if reclaimPosition >= slots.count { reclaimPosition = 0 }
            defer { reclaimPosition += 1 }
            guard case .live(let connection) = slots[reclaimPosition], connection.state == .established,
                connection.account.borrowedBytes > 0,
                connection.isStalled(for: patience(with: connection), at: now)
            else { continue }
            finish(connection, .close(.budgetExceeded(.process)), at: now, into: batch)
        }
    }

    private func patience(with connection: Connection) -> Duration {
        let isSmall = connection.account.borrowedBytes <= ledger.share.graceBytes
        return isSmall ? Self.smallBorrowerPatience : Self.stalledBorrowerPatience
    }
}
