import TextValues

/// When connections are meant to start: evenly spaced at a given rate, whatever the server does (open loop).
///
/// Latencies are counted from these moments, so that a slow server cannot slow the schedule down and look faster.
public struct ArrivalSchedule: Sendable, Equatable {
    /// Connections per second, once the ramp is over.
    public let ratePerSecond: Double
    /// How long the rate grows from nothing, evenly.
    public let ramp: Duration

    /// Starts `ratePerSecond` connections every second, after a `ramp`.
    ///
    /// - Precondition: The rate is positive, and the ramp is not negative.
    public init(ratePerSecond: Double, ramp: Duration = .zero) {
        precondition(ratePerSecond > 0 && ramp >= .zero)
        self.ratePerSecond = ratePerSecond
        self.ramp = ramp
    }

    /// The intended start of connection `index`, counted from 0, since the start of the run.
    public func start(of index: Int) -> Duration {
        let rampSeconds = ramp.fractionalSeconds
        let rampCount = ratePerSecond * rampSeconds / 2
        let count = Double(index)
        guard count >= rampCount else {
            return Duration(fractionalSeconds: (2 * count * rampSeconds / ratePerSecond).squareRoot())
        }
        return Duration(fractionalSeconds: rampSeconds + (count - rampCount) / ratePerSecond)
    }

    /// How many connections are meant to have started once `elapsed` has passed, of `total`.
    public func startedCount(after elapsed: Duration, of total: Int) -> Int {
        guard elapsed >= .zero, total > 0 else { return 0 }
        let estimate = count(after: elapsed.fractionalSeconds).rounded(.down)
        var count = estimate >= Double(total) ? total : Int(estimate)
        // The estimate may be one off where a start falls on a rounding edge.
        while count < total, start(of: count) <= elapsed { count += 1 }
        while count > 0, start(of: count - 1) > elapsed { count -= 1 }
        return count
    }

    /// How many connections start earlier than `end`, of `total`.
    public func startedCount(before end: Duration, of total: Int) -> Int {
        startedCount(after: end - .nanoseconds(1), of: total)
    }

    private func count(after seconds: Double) -> Double {
        let rampSeconds = ramp.fractionalSeconds
        guard seconds >= rampSeconds else { return ratePerSecond * seconds * seconds / (2 * rampSeconds) }
        return ratePerSecond * (seconds - rampSeconds / 2)
    }
}
