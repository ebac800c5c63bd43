import BoundedMemory
import Datagrams
import QUICTransport

/// Taking memory back while the process is close to its limit.
extension ConnectionSet {
    /// How long a borrower may be without progress while memory is short.
    package static let stalledBorrowerPatience = Duration.seconds(5)
    /// Slots looked at in one turn, so that a turn costs the same however many there are.
    private static let reclaimedSlotsPerTurn = 256

    /// Ends connections that hold more than their floor and its grace and get nowhere, while no connection can be admitted
    /// for want of memory: those who use theirs would otherwise be refused for those who only keep it.
    ///
    /// Neither a connection that holds little more than its floor nor one that makes progress is ended.
    func reclaim(at now: MonotonicInstant, into batch: TransmitBatch) {
        guard !ledger.share.admitsConnection else { return }
        for _ in 0..<min(slots.count, Self.reclaimedSlotsPerTurn) where !batch.isFull {
            if reclaimPosition >= slots.count { reclaimPosition = 0 }
            defer { reclaimPosition += 1 }
            guard case .live(let connection) = slots[reclaimPosition], connection.state == .established,
                connection.account.borrowedBytes > ledger.share.graceBytes,
                connection.isStalled(for: Self.stalledBorrowerPatience, at: now)
            else { continue }
            finish(connection, .close(.budgetExceeded(.process)), at: now, into: batch)
        }
    }
}
