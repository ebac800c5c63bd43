package import DatagramIO
import Glibc
import Synchronization

/// The thread of a worker as tasks prefer it: they use its connections there without a change of threads.
///
/// Owns: one step at most of each task that waits, 8 bytes each, and room for ``keptSteps`` more. Released by: ``run(rounds:)`` and
/// ``close()``. Bound: the number of tasks, which are the application's.
package final class WorkerTasks: TaskExecutor {
    private struct State {
        var isClosed = false
        /// Wakes the owner; nil before it has started.
        var waker: Waker?
        /// Steps from other threads.
        var steps: [UnownedJob] = []
        /// Whether the owner has been woken since it last looked.
        var isAnnounced = false
    }

    /// The owner's thread while it runs. It alone finds its own number here.
    private let owner = Atomic<pthread_t>(noThread)
    private let state = Mutex(State())
    // Used on the owner's thread alone, where no two accesses overlap: a step that adds steps runs while none is accessed.
    /// Steps from the owner's thread.
    @safe @exclusivity(unchecked) nonisolated(unsafe) private var ownSteps: [UnownedJob] = []
    /// The steps of this round.
    @safe @exclusivity(unchecked) nonisolated(unsafe) private var running: [UnownedJob] = []

    /// The room that is kept for steps, of 8 bytes, when they have run.
    private static let keptSteps = 1_024
    private static let noThread: pthread_t = 0

    /// Whether the caller is on the owner's thread.
    package var isCurrent: Bool { owner.load(ordering: .relaxed) == pthread_self() }

    package func enqueue(_ job: consuming ExecutorJob) {
        let step = UnownedJob(job)
        // The owner looks for steps before it waits.
        if isCurrent { return ownSteps.append(step) }
        let (isTaken, waker): (Bool, Waker?) = state.withLock { state in
            if state.isClosed { return (false, nil) }
            state.steps.append(step)
            if state.isAnnounced { return (true, nil) }
            state.isAnnounced = state.waker != nil
            return (true, state.waker)
        }
        waker?.wake()
        if !isTaken { globalConcurrentExecutor.enqueue(ExecutorJob(step)) }
    }

    /// The owner runs, on the thread of the caller; `waker` wakes it when there are steps.
    package func begin(waking waker: Waker) {
        owner.store(pthread_self(), ordering: .relaxed)
        state.withLock { $0.waker = waker }
    }

    /// Runs the steps of tasks that wait, and those that follow from them, in `rounds` rounds at most. On the owner's thread.
    ///
    /// - Returns: Whether more steps may wait, of which nothing wakes the owner.
    package func run(rounds: Int) -> Bool {
        precondition(isCurrent, "steps run on the worker's thread")
        for _ in 0..<rounds {
            takeSteps()
            if running.isEmpty { return false }
            for index in running.indices { unsafe running[index].runSynchronously(on: asUnownedTaskExecutor()) }
            running.removeAll(keepingCapacity: running.count <= Self.keptSteps)
        }
        return true
    }

    /// Takes the steps that wait into this round; another one from another thread wakes the owner again.
    private func takeSteps() {
        swap(&running, &ownSteps)
        state.withLock { state in
            state.isAnnounced = false
            guard !state.steps.isEmpty else { return }
            running += state.steps
            state.steps.removeAll(keepingCapacity: state.steps.count <= Self.keptSteps)
        }
    }

    /// The owner ends, or never began. Tasks outlive it: they run elsewhere, and find that it has ended.
    package func close() {
        var steps: [UnownedJob] = []
        if isCurrent {
            swap(&steps, &ownSteps)
            owner.store(Self.noThread, ordering: .relaxed)
        }
        steps += state.withLock { state in
            state.isClosed = true
            state.waker = nil
            defer { state.steps = [] }
            return state.steps
        }
        for step in steps { globalConcurrentExecutor.enqueue(ExecutorJob(step)) }
    }
}
