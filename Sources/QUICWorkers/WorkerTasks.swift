package import DatagramIO
import Glibc
import Synchronization

/// The thread of a worker as tasks prefer it: they use its connections there without a change of threads.
///
/// Owns: one step at most of each task that waits, 8 bytes each. Released by: ``takeAll()`` and ``close()``. Bound: the number of tasks,
/// which are the application's.
package final class WorkerTasks: TaskExecutor {
    private struct State {
        var isClosed = false
        /// Wakes the owner; nil before it has started.
        var waker: Waker?
        /// The thread of the owner, once it runs.
        var owner: pthread_t?
        var jobs: [UnownedJob] = []
        /// Whether the owner has been woken since it last looked.
        var isAnnounced = false
    }

    private let state = Mutex(State())

    /// Whether the caller is on the owner's thread.
    package var isCurrent: Bool { state.withLock { $0.owner == pthread_self() } }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let (isTaken, waker): (Bool, Waker?) = state.withLock { state in
            if state.isClosed { return (false, nil) }
            state.jobs.append(job)
            // The owner looks for jobs before it waits.
            if state.isAnnounced || state.owner == pthread_self() { return (true, nil) }
            state.isAnnounced = state.waker != nil
            return (true, state.waker)
        }
        waker?.wake()
        if !isTaken { globalConcurrentExecutor.enqueue(ExecutorJob(job)) }
    }

    /// The owner runs, on the thread of the caller; `waker` wakes it when there are jobs.
    package func begin(waking waker: Waker) {
        state.withLock { state in
            state.owner = pthread_self()
            state.waker = waker
        }
    }

    /// Runs the steps of tasks that wait, and those that follow from them, in `rounds` rounds at most.
    ///
    /// - Parameter around: Called for each round; it calls the steps of that round.
    /// - Returns: Whether more steps may wait, of which nothing wakes the owner.
    package func run<Failure: Error>(
        rounds: Int,
        _ around: (_ steps: () -> Void) throws(Failure) -> Void
    ) throws(Failure) -> Bool {
        for _ in 0..<rounds {
            let jobs = takeAll()
            if jobs.isEmpty { return false }
            try around { for job in jobs { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) } }
        }
        return true
    }

    /// Takes the steps of tasks that wait; each that follows wakes the owner again, unless it is from its own thread.
    private func takeAll() -> [UnownedJob] {
        state.withLock { state in
            state.isAnnounced = false
            defer { state.jobs = [] }
            return state.jobs
        }
    }

    /// The owner ends. Tasks outlive it: they run elsewhere, and find that it has ended.
    package func close() {
        let jobs = state.withLock { state in
            state.isClosed = true
            state.owner = nil
            state.waker = nil
            defer { state.jobs = [] }
            return state.jobs
        }
        for job in jobs { globalConcurrentExecutor.enqueue(ExecutorJob(job)) }
    }
}
