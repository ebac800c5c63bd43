import Synchronization

/// The end of a worker's thread, for those who wait for it.
///
/// Owns: a continuation for each that waits, and the outcome. Released by: the end of the thread, and its own.
package final class ThreadEnd<Outcome: Sendable>: Sendable {
    private enum State {
        case running([CheckedContinuation<Outcome, Never>])
        case ended(Outcome)
    }

    private let state = Mutex(State.running([]))

    package init() {}

    /// Calls `run` with `worker` on a thread of its own, which owns the worker from now on.
    ///
    /// The worker is gone when the outcome is told: those who learn of its end may bind its address again.
    package func start<Worker>(
        _ worker: sending Worker,
        _ run: @escaping @Sendable (Worker) -> Outcome
    ) throws(ThreadError) {
        let start = Start(worker)
        try OwnThread.start { [self] in
            if let outcome = start.run(run) { end(with: outcome) }
        }
    }

    /// The worker on its way to the thread, which takes it out.
    private final class Start<Worker> {
        private var worker: Worker?

        init(_ worker: Worker) {
            self.worker = worker
        }

        func run(_ body: (Worker) -> Outcome) -> Outcome? {
            worker.take().map(body)
        }
    }

    private func end(with outcome: Outcome) {
        let waiting = state.withLock { state in
            defer { state = .ended(outcome) }
            if case .running(let waiting) = state { return waiting }
            return []
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }

    /// The outcome of the thread, once it has ended.
    package func outcome() async -> Outcome {
        await withCheckedContinuation { continuation in
            let ended: Outcome? = state.withLock { state in
                switch state {
                case .ended(let outcome): return outcome
                case .running(let waiting):
                    state = .running(waiting + [continuation])
                    return nil
                }
            }
            if let ended { continuation.resume(returning: ended) }
        }
    }
}
