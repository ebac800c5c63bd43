/// How the connections of a run begin.
public enum LoadPace: Sendable, Equatable {
    /// Open loop: so many a second, whatever the server does. Latencies are counted from the intended start.
    case open(ratePerSecond: Double)
    /// Closed loop: so many at a time. The next begins when one has ended, so a server that stalls is asked less.
    case closed(concurrency: Int)

    /// Connections a second; nil in a closed loop.
    public var ratePerSecond: Double? {
        if case .open(let rate) = self { rate } else { nil }
    }

    /// Connections at a time; nil in an open loop.
    public var concurrency: Int? {
        if case .closed(let concurrency) = self { concurrency } else { nil }
    }
}
