internal import Datagrams

/// Notices a simulation that would go on for ever: events without end at one moment, or long after the last beginning.
struct SimulationWatchdog {
    private static let eventsLimit = 1_000_000
    private static let timeLimit = Duration.seconds(300)

    private var latest = MonotonicInstant(nanoseconds: 0)
    private var eventsAtLatest = 0
    private var lastBeginning: MonotonicInstant?

    /// Whether the event at `time` may still come.
    mutating func allows(_ time: MonotonicInstant, hasMoreToCome: Bool) -> Bool {
        eventsAtLatest = time > latest ? 0 : eventsAtLatest + 1
        latest = max(latest, time)
        if hasMoreToCome || lastBeginning == nil { lastBeginning = latest }
        guard let lastBeginning else { return true }
        return eventsAtLatest < Self.eventsLimit && lastBeginning.duration(to: latest) < Self.timeLimit
    }
}
