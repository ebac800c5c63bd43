/// Which allocations a ledger refuses on purpose, so that a test sees every one of them fail.
///
/// Allocations are counted from 1, starting when ``MemoryLedger/failAllocation`` is set.
public enum AllocationFailure: Hashable, Sendable {
    /// Only the allocation with this number.
    case once(at: Int)
    /// The allocation with this number and all after it.
    case from(Int)
    /// One in so many, the last of them.
    case every(Int)

    /// The number of the first allocation refused.
    var first: Int {
        switch self {
        case .once(let number), .from(let number), .every(let number): number
        }
    }
}
