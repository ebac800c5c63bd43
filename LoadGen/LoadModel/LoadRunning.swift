/// Something that carries a scenario out against the one target it was made for.
public protocol LoadRunning: Sendable {
    /// Opens every connection of `scenario` and returns when the last has ended.
    ///
    /// A cancelled task ends the run early: what is still open gets the outcome ``ConnectionOutcome/cancelled``.
    ///
    /// - Parameter onProgress: Called as often as the engine likes, from any thread, never twice at once.
    /// - Throws: What keeps the run from starting. A failing connection is an outcome, not an error.
    func run(
        scenario: LoadScenario,
        onProgress: @escaping @Sendable (LoadProgress) -> Void
    ) async throws -> LoadResult
}
