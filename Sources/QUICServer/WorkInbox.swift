import BoundedMemory
import DatagramIO
import QUICEndpoint
import QUICTransport
import Synchronization

/// Where other threads leave work for a worker's connections and services: bounded in number and in bytes.
///
/// It takes work before its worker has started, and refuses it when that worker has ended. Nobody ever waits for room.
///
/// Owns: the work that waits, and a ring of slots; nothing while it is empty. Released by: ``takeFirst()`` and ``close()``. Bound:
/// ``bytesLimit`` for what the work keeps, and ``capacity`` slots of 24 bytes (half as much again while the ring grows or shrinks).
/// A worker's ledger is touched by that worker only, so an inbox counts its own bytes: ``statistics``.
final class WorkInbox: ConnectionExecutor {
    /// Pieces of work that may wait, by default.
    static let capacityDefault = 4_096
    /// Bytes that they may keep, by default.
    static let bytesLimitDefault = 1 << 20
    /// What a piece of work takes besides what it keeps: closures within each other, and what they capture.
    static let workBytes = 256

    /// One piece of work.
    struct Work: Sendable {
        /// The bytes counted for it.
        let byteCount: Int
        /// Called with the connections and services of the worker.
        let body: @Sendable (borrowing WorkScope) -> Void
    }

    private struct State: ~Copyable {
        /// Wakes the owner; nil before it has started.
        var waker: Waker?
        var isClosed = false
        var waiting: RingBuffer<Work>
        var waitingBytes = 0
        /// Whether the owner has been woken since it last looked.
        var isAnnounced = false
        var statistics = WorkStatistics()

        init(capacity: Int) {
            waiting = RingBuffer(capacityLimit: capacity)
        }
    }

    private let bytesLimit: Int
    private let state: Mutex<State>

    /// An inbox that holds no memory.
    init(capacity: Int = capacityDefault, bytesLimit: Int = bytesLimitDefault) {
        self.bytesLimit = bytesLimit
        state = Mutex(State(capacity: capacity))
    }

    /// What went through it, and what waits.
    var statistics: WorkStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.waitingBytes = state.waitingBytes + state.waiting.allocatedBytes
            return statistics
        }
    }
}

// MARK: - For other threads

extension WorkInbox {
    func perform(
        on handle: ConnectionHandle,
        keeping byteCount: Int,
        _ body: @escaping @Sendable (Connection) -> Void
    ) throws(WorkError) {
        try put(keeping: byteCount) { scope in
            if let connection = scope.endpoint.connection(handle) { body(connection) }
        }
    }

    /// Puts work in, and wakes the owner unless that was done since it last looked.
    func put(keeping byteCount: Int, _ body: @escaping @Sendable (borrowing WorkScope) -> Void) throws(WorkError) {
        precondition(byteCount >= 0, "work keeps no fewer than no bytes")
        let work = Work(byteCount: byteCount + Self.workBytes, body: body)
        let (error, waker): (WorkError?, Waker?) = state.withLock { state in
            if state.isClosed { return (.ended, nil) }
            guard state.waitingBytes + work.byteCount <= bytesLimit, state.waiting.push(work) == nil else {
                state.statistics.refused += 1
                return (.full, nil)
            }
            state.waitingBytes += work.byteCount
            state.statistics.posted += 1
            defer { state.isAnnounced = true }
            return (nil, state.isAnnounced ? nil : state.waker)
        }
        waker?.wake()
        if let error { throw error }
    }
}

// MARK: - For the owner

extension WorkInbox {
    /// Wakes the owner with `waker` when there is work, from now on.
    func open(waking waker: Waker) {
        let hasWork = state.withLock { state in
            state.waker = waker
            return !state.waiting.isEmpty
        }
        if hasWork { waker.wake() }
    }

    /// How much work waits; whatever is put after this wakes the owner again.
    func beginTaking() -> Int {
        state.withLock { state in
            state.isAnnounced = false
            return state.waiting.count
        }
    }

    /// Takes the work out that has waited longest; nil when none waits.
    func takeFirst() -> Work? {
        pop(counting: \.performed)
    }

    private func pop(counting count: WritableKeyPath<WorkStatistics, Int>) -> Work? {
        state.withLock { state in
            guard let work = state.waiting.popFirst() else { return nil }
            state.waitingBytes -= work.byteCount
            state.statistics[keyPath: count] += 1
            return work
        }
    }

    /// Lets no further work in, and drops what came too late.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.waker = nil
        }
        while pop(counting: \.dropped) != nil {}
    }
}
