/// How hard attackers try.
public struct AbusePace: Sendable {
    /// How long a flood lasts.
    public var duration: Duration
    /// How many datagrams a second a flood sends.
    public var rate: Int

    /// - Parameters:
    ///   - duration: How long a flood lasts.
    ///   - rate: How many datagrams a second it sends.
    public init(duration: Duration = .seconds(3), rate: Int = 5_000) {
        self.duration = duration
        self.rate = rate
    }
}
