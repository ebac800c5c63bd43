import BoundedMemory

/// A worker beside the one under test, which holds memory of the same process.
///
/// Owns: its bytes of the budget. Released by: ``release()``.
final class OtherWorker {
    private let ledger: MemoryLedger
    private let bytes: Int

    /// Takes `bytes` of `budget`.
    init(taking bytes: Int, of budget: MemoryBudget) {
        ledger = MemoryLedger(budget: budget)
        self.bytes = bytes
        ledger.charge(bytes, to: .table)
    }

    /// Takes so much that `permille` of the limit are taken in all.
    convenience init(takingUpTo permille: Int, of budget: MemoryBudget) {
        self.init(taking: budget.bytesLimit / 1_000 * permille - budget.takenBytes, of: budget)
    }

    /// Gives everything back.
    func release() {
        ledger.release(bytes, from: .table)
    }
}
