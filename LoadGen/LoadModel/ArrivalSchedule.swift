import TextValues

/// When connections are meant to start: evenly spaced at a given rate, whatever the server does (open loop).
///
/// Latencies are counted from these moments, so that a slow server cannot slow the schedule down and look faster.
public struct ArrivalSchedule: Sendable, Equatable {
    /// Connections per second.
    public let ratePerSecond: Double

    /// Starts `ratePerSecond` connections every second.
    ///
    /// - Precondition: The rate is positive.
    public init(ratePerSecond: Double) {
        precondition(ratePerSecond > 0)
        self.ratePerSecond = ratePerSecond
    }

    /// The intended start of connection `index`, counted from 0, since the start of the run.
    public func start(of index: Int) -> Duration {
        Duration(fractionalSeconds: Double(index) / ratePerSecond)
    }

    /// How many connections are meant to have started once `elapsed` has passed, of `total`.
    public func startedCount(after elapsed: Duration, of total: Int) -> Int {
        guard elapsed >= .zero, total > 0 else { return 0 }
        let estimate = (elapsed.fractionalSeconds * ratePerSecond).rounded(.down)
        var count = estimate >= Double(total) ? total : Int(estimate)
        // The estimate may be one off where a start falls on a rounding edge.
        while count < total, start(of: count) <= elapsed { count += 1 }
        while count > 0, start(of: count - 1) > elapsed { count -= 1 }
        return count
    }
}
