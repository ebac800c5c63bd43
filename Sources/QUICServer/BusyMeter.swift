import Datagrams

/// Says whether a worker has no time left: in the last second it waited for less than a tenth of it.
///
/// By the clock and not by CPU time: a machine that has no time for the worker is busy as well.
struct BusyMeter {
    /// How much of a second a worker that is not busy waits, at least.
    static let idleShare = 0.1
    private static let periodNanoseconds: UInt64 = 1_000_000_000

    /// Whether the last whole period was a busy one.
    private(set) var isBusy = false
    private var periodStart: MonotonicInstant?
    private var idleNanoseconds: UInt64 = 0

    /// The worker waited from `start` to `end`.
    mutating func noteWait(from start: MonotonicInstant, to end: MonotonicInstant) {
        let beginning = periodStart ?? start
        periodStart = beginning
        idleNanoseconds += end.nanoseconds(since: start)
        let elapsed = end.nanoseconds(since: beginning)
        guard elapsed >= Self.periodNanoseconds else { return }
        isBusy = Double(idleNanoseconds) < Double(elapsed) * Self.idleShare
        idleNanoseconds = 0
        periodStart = end
    }
}
