#if NEGATIVE_CONTROLS
import BoundedMemory
import Datagrams
import QUICEndpoint

extension FaultPlan {
    /// Lets allocations for the connections of `endpoint` fail, counted for this endpoint alone.
    func strikeAllocations(of endpoint: Endpoint) {
        endpoint.ledger.failAllocation =
            allocationNumber.map { .once(at: $0) } ?? allocationInterval.map { .every($0) }
    }
}
#endif
