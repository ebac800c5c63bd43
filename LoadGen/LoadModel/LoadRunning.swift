/// Something that carries a scenario out against the one target it was made for.
public protocol LoadRunning: Sendable {
    /// Opens every connection of `scenario` and returns when the last has ended.
    ///
    /// A cancelled task ends the run early: what is still open gets the outcome ``ConnectionOutcome/cancelled``.
    ///
    /// - Parameters:
    ///   - targetReading: What the target was last known to hold, for samples; called from any thread.
    ///   - onProgress: Called as often as the engine likes, from any thread, never twice at once.
    /// - Throws: What keeps the run from starting. A failing connection is an outcome, not an error.
    func run(
        scenario: LoadScenario,
        targetReading: @escaping @Sendable () -> TargetReading?,
        onProgress: @escaping @Sendable (LoadProgress) -> Void
    ) async throws -> LoadResult

    /// What the process has open now; nil where that is not known.
    var processState: ProcessState? { get }
}

extension LoadRunning {
    /// Not known.
    public var processState: ProcessState? { nil }

    /// Has the runtime open what it needs for its first timer: that stays open, and is no leak of a run. Shorter sleeps
    /// may be over before they need a timer.
    func openTimers() async {
        try? await Task.sleep(for: .milliseconds(20))
    }

    /// What the process has open, once it is no more than `before`: a thread that has given its result away still has to
    /// leave. After a second it is what it is.
    func processState(noMoreThan before: ProcessState) async -> ProcessState? {
        for _ in 0..<100 {
            guard let state = processState else { return nil }
            if state.descriptors <= before.descriptors, state.workerThreads <= before.workerThreads { return state }
            // Works in a cancelled task too.
            _ = await Task { try? await Task.sleep(for: .milliseconds(10)) }.value
        }
        return processState
    }
}
