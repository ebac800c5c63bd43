/// Decides which of many progress reports are shown, so that a fast engine does not flood a terminal or a log.
public struct ProgressPacer: Sendable {
    /// The shortest time between two reports that are shown.
    public let interval: Duration

    private var next = Duration.zero

    /// Shows at most one report per `interval`.
    public init(interval: Duration) {
        self.interval = interval
    }

    /// Whether the report made `elapsed` after the start of the run is to be shown; if so, it counts as shown.
    public mutating func isDue(at elapsed: Duration) -> Bool {
        guard elapsed >= next else { return false }
        next = elapsed + interval
        return true
    }
}
