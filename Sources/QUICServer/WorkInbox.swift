import BoundedMemory
import DatagramIO
import QUICEndpoint
import QUICTransport
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

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
        /// Steps of tasks that prefer the owner's thread. There is one at most for each task.
        var jobs: [UnownedJob] = []
        /// The thread of the owner, once it runs.
        var owner: pthread_t?
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
        let jobs = state.withLock { state in
            state.isClosed = true
            state.waker = nil
            state.owner = nil
            defer { state.jobs = [] }
            return state.jobs
        }
        // Tasks outlive the worker, and find out that it has ended.
        for job in jobs { globalConcurrentExecutor.enqueue(ExecutorJob(job)) }
        while pop(counting: \.dropped) != nil {}
    }
}

// MARK: - Tasks

/// A worker as the thread that tasks prefer: what they do with its connections needs no other thread then.
///
/// Bound: one step at most for each task that waits, 8 bytes each. Tasks are the application's, which bounds their number.
extension WorkInbox: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let (isTaken, waker): (Bool, Waker?) = state.withLock { state in
            if state.isClosed { return (false, nil) }
            state.jobs.append(job)
            // The owner looks for jobs before it waits.
            if state.isAnnounced || state.owner == pthread_self() { return (true, nil) }
            defer { state.isAnnounced = true }
            return (true, state.waker)
        }
        waker?.wake()
        if !isTaken { globalConcurrentExecutor.enqueue(ExecutorJob(job)) }
    }

    /// Whether the caller is on the owner's thread.
    var isCurrent: Bool { state.withLock { $0.owner == pthread_self() } }

    /// The owner runs, on the thread of the caller.
    func begin() {
        state.withLock { $0.owner = pthread_self() }
    }

    /// Takes the steps of tasks that wait.
    func takeJobs() -> [UnownedJob] {
        state.withLock { state in
            state.isAnnounced = state.isAnnounced && !state.waiting.isEmpty
            guard !state.jobs.isEmpty else { return [] }
            defer { state.jobs = [] }
            return state.jobs
        }
    }

    /// Whether steps of tasks wait.
    var hasJobs: Bool { state.withLock { !$0.jobs.isEmpty } }
}
