/// Something that abandons connections to the one target it was made for.
public protocol Abandoning: LoadRunning {
    /// Brings every connection of `scenario` to its point, lets all of their clients vanish at once, and returns when
    /// `watch` does.
    ///
    /// What goes out last (a CONNECTION_CLOSE, Finished, a message) is kept until every connection is at its point, so
    /// that a target that gives back quickly holds all of them at once. A cancelled task ends this early.
    ///
    /// - Parameter watch: Called once all have vanished. Until it returns, sockets stay as their manner leaves them.
    /// - Returns: What the connections cost the generator and what it still holds: all of its counts must be 0.
    /// - Throws: What keeps connections from being opened at all, and what `watch` throws. A connection that does not
    ///   come to its point is an outcome, not an error.
    func abandon(
        _ scenario: AbandonScenario,
        watch: @escaping @Sendable (OutcomeCounts) async throws -> Void
    ) async throws -> GeneratorUsage
}
