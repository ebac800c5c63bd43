/// The percentiles of many latencies, in microseconds. All zero when ``count`` is.
public struct LatencySummary: Sendable, Equatable, Codable {
    /// How many latencies these are.
    public let count: Int
    /// The shortest.
    public let minimum: UInt64
    /// Half of them took no longer.
    public let p50: UInt64
    /// 90 % of them took no longer.
    public let p90: UInt64
    /// 99 % of them took no longer.
    public let p99: UInt64
    /// 99.9 % of them took no longer.
    public let p99_9: UInt64
    /// The longest.
    public let maximum: UInt64
    /// Their mean.
    public let mean: Double
    /// How many were longer than ``LatencyRecorder/limit`` and are counted as that.
    public let clampedCount: Int

    private enum CodingKeys: String, CodingKey {
        case count
        case minimum = "min_us"
        case p50 = "p50_us"
        case p90 = "p90_us"
        case p99 = "p99_us"
        case p99_9 = "p99_9_us"
        case maximum = "max_us"
        case mean = "mean_us"
        case clampedCount = "clamped_count"
    }
}
