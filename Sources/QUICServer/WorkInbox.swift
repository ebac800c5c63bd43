import QUICEndpoint
import QUICTransport

/// Where other threads leave work for a worker's connections and services, in slots of 24 bytes.
///
/// It takes work before its worker has started, and refuses it when that worker has ended.
typealias WorkInbox = Inbox<Work>

/// One piece of work.
struct Work: InboxElement {
    /// The bytes that the work keeps while it waits, with ``overheadBytes``.
    let heldBytes: Int
    /// Called with the connections and services of the worker.
    let body: @Sendable (borrowing WorkScope) -> Void

    /// The bytes of closures within each other, and of what they capture.
    static let overheadBytes = 256
}

/// The connections and services of a worker, for work from other threads.
struct WorkScope: ~Copyable {
    let endpoint: Endpoint
    let services: [any StreamService]
}

extension Inbox where Element == Work {
    /// Pieces of work that may wait, by default.
    static var capacityDefault: Int { 4_096 }
    /// Bytes that they may keep, by default.
    static var bytesLimitDefault: Int { 1 << 20 }

    convenience init(capacity: Int = capacityDefault, bytesLimit: Int = bytesLimitDefault) {
        self.init(capacity: capacity, bytesLimit: bytesLimit, isOpen: true)
    }

    /// Puts work in that keeps `byteCount` bytes.
    func put(keeping byteCount: Int, _ body: @escaping @Sendable (borrowing WorkScope) -> Void) throws(WorkError) {
        precondition(byteCount >= 0, "work keeps no fewer than no bytes")
        switch put(Work(heldBytes: byteCount + Work.overheadBytes, body: body)) {
        case .taken: return
        case .full: throw .full
        case .closed: throw .ended
        }
    }

    /// The pieces that went through it, and the bytes of those that wait.
    var statistics: WorkStatistics {
        let counts = counts
        var statistics = WorkStatistics()
        statistics.posted = counts.admitted
        statistics.performed = counts.taken
        statistics.dropped = counts.dropped
        statistics.refused = counts.refused
        statistics.waitingBytes = counts.waitingBytes
        return statistics
    }
}

extension Inbox: ConnectionExecutor where Element == Work {
    func perform(
        on handle: ConnectionHandle,
        keeping byteCount: Int,
        _ body: @escaping @Sendable (Connection) -> Void
    ) throws(WorkError) {
        try put(keeping: byteCount) { scope in
            if let connection = scope.endpoint.connection(handle) { body(connection) }
        }
    }
}
