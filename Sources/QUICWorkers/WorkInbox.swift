package import QUICEndpoint
package import QUICTransport

/// Where other threads leave work for a worker's connections and services, in slots of 32 bytes.
///
/// It takes work before its worker has started, and refuses it when that worker has ended.
package typealias WorkInbox = Inbox<Work>

/// One piece of work.
package struct Work: InboxElement {
    /// The bytes that the work keeps while it waits, with ``overheadBytes``.
    package let heldBytes: Int
    /// Bytes that it keeps as well, and maybe other work does.
    package let broadcast: BroadcastBytes?
    /// Called with the connections and services of the worker.
    package let body: @Sendable (borrowing WorkScope) -> Void

    /// The bytes of closures within each other, and of what they capture.
    package static let overheadBytes = 256
}

/// The connections and services of a worker, for work from other threads.
package struct WorkScope: ~Copyable {
    private let connections: any ConnectionFinder
    package let services: [any StreamService]

    package init(connections: any ConnectionFinder, services: [any StreamService]) {
        self.connections = connections
        self.services = services
    }

    /// The live connection that answers to `handle`.
    func connection(_ handle: ConnectionHandle) -> Connection? { connections.connection(handle) }
}

extension Inbox where Element == Work {
    /// Pieces of work that may wait, by default.
    package static var capacityDefault: Int { 4_096 }
    /// Bytes that they may keep, by default.
    package static var bytesLimitDefault: Int { 1 << 20 }

    package convenience init(capacity: Int = capacityDefault, bytesLimit: Int = bytesLimitDefault) {
        self.init(capacity: capacity, bytesLimit: bytesLimit, isOpen: true)
    }

    /// Puts work in that keeps `byteCount` bytes.
    ///
    /// - Parameter broadcast: Bytes that it keeps as well.
    package func put(
        keeping byteCount: Int,
        and broadcast: BroadcastBytes? = nil,
        _ body: @escaping @Sendable (borrowing WorkScope) -> Void
    ) throws(WorkError) {
        precondition(byteCount >= 0, "work keeps no fewer than no bytes")
        switch put(Work(heldBytes: byteCount + Work.overheadBytes, broadcast: broadcast, body: body)) {
        case .taken: return
        case .full: throw .full
        case .closed: throw .ended
        }
    }

    /// The pieces that went through it, and the bytes of those that wait.
    package var statistics: WorkStatistics {
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
    package func perform(
        on handle: ConnectionHandle,
        keeping byteCount: Int,
        and broadcast: BroadcastBytes?,
        _ body: @escaping @Sendable (Connection) -> Void
    ) throws(WorkError) {
        try put(keeping: byteCount, and: broadcast) { scope in
            if let connection = scope.connection(handle) { body(connection) }
        }
    }
}
