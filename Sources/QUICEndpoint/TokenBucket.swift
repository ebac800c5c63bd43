import Datagrams

/// Lets a bounded number of events through: `burst` at once, and `perSecond` in the long run.
struct TokenBucket {
    private let burst: Double
    private let perSecond: Double
    private var tokens: Double
    private var filledAt: MonotonicInstant?

    init(perSecond: Int, burst: Int) {
        precondition(perSecond > 0 && burst > 0)
        self.perSecond = Double(perSecond)
        self.burst = Double(burst)
        tokens = Double(burst)
    }

    /// Takes one token; false when there is none at `now`.
    mutating func take(at now: MonotonicInstant) -> Bool {
        let elapsed = Double(now.nanoseconds - min(now, filledAt ?? now).nanoseconds) / 1e9
        filledAt = now
        tokens = min(burst, tokens + elapsed * perSecond)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
