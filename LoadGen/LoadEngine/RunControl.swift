import Synchronization

/// What the threads of a run tell each other.
final class RunControl: Sendable {
    private let cancelled = Atomic(false)
    private let workersRunning: Atomic<Int>
    private let herd: Mutex<HerdPhase>

    init(workers: Int, herd: HerdPhase = HerdPhase()) {
        workersRunning = Atomic(workers)
        self.herd = Mutex(herd)
    }

    /// Whether the run is to end early.
    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    /// Ends the run early.
    func cancel() {
        cancelled.store(true, ordering: .relaxed)
    }

    /// Whether every worker has ended.
    var isFinished: Bool { workersRunning.load(ordering: .acquiring) == 0 }

    /// A worker has ended.
    func workerDidEnd() {
        workersRunning.subtract(1, ordering: .releasing)
    }

    /// How far a herd may grow.
    var herdPhase: HerdPhase {
        get { herd.withLock { $0 } }
        set { herd.withLock { $0 = newValue } }
    }
}
