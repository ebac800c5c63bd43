import Datagrams

/// Says whether a worker has no time left: in the last second it waited for less than a tenth of it.
///
/// By the clock and not by CPU time: a machine that has no time for the worker is busy as well.
struct BusyMeter {
    /// How much of a second a worker that is not busy waits, at least.
    static let idleShare = 0.1
    private static let period = Duration.seconds(1)

    /// Whether the last whole period was a busy one.
    private(set) var isBusy = false
    private var periodStart: MonotonicInstant?
    private var idle = Duration.zero

    /// The worker waited from `start` to `end`.
    mutating func noteWait(from start: MonotonicInstant, to end: MonotonicInstant) {
        let beginning = periodStart ?? start
        periodStart = beginning
        idle += start.duration(to: end)
        let elapsed = beginning.duration(to: end)
        guard elapsed >= Self.period else { return }
        isBusy = idle < elapsed * Self.idleShare
        idle = .zero
        periodStart = end
    }
}
