import Datagrams

/// How fast a count has been growing over about the last second.
struct RateMeter {
    private var reference: (count: Int, time: MonotonicInstant)?
    private var rate = 0.0

    /// The growth per second, measured over windows of at least half a second.
    mutating func rate(of count: Int, at now: MonotonicInstant) -> Double {
        guard let start = reference else {
            reference = (count, now)
            return 0
        }
        let elapsed = start.time.duration(to: now)
        if elapsed >= .milliseconds(500) {
            rate = Double(count - start.count) / (elapsed / .seconds(1))
            reference = (count, now)
        }
        return rate
    }
}
