import Histogram

/// Latencies counted in a histogram of microseconds, exact to three digits.
///
/// Owns: 72 KiB of counters, shared by copies until one records. Released by: the last copy. Bound: never grows.
public struct LatencyRecorder: Sendable {
    /// The longest latency told apart from longer ones; those are recorded as this and counted in ``clampedCount``.
    public static let limit = Duration.seconds(120)

    private static let microsecondsLimit: UInt64 = 120_000_000

    /// How many latencies were longer than ``limit``.
    public private(set) var clampedCount = 0

    private var histogram = Histogram<UInt32>(highestTrackableValue: microsecondsLimit)
    // The histogram's own mean is made of bucket middles; a sum is exact.
    private var totalMicroseconds: UInt64 = 0

    /// Nothing recorded yet.
    public init() {}

    /// How many latencies were recorded.
    public var count: Int { Int(histogram.totalCount) }

    /// Records one latency, cut to whole microseconds; a negative one counts as 0.
    public mutating func record(_ latency: Duration) {
        if latency > Self.limit { clampedCount += 1 }
        let (seconds, attoseconds) = min(max(latency, .zero), Self.limit).components
        let microseconds = UInt64(seconds) * 1_000_000 + UInt64(attoseconds / 1_000_000_000_000)
        histogram.record(microseconds)
        totalMicroseconds += microseconds
    }

    /// Adds what another worker recorded.
    public mutating func add(_ other: LatencyRecorder) {
        histogram.add(other.histogram)
        totalMicroseconds += other.totalMicroseconds
        clampedCount += other.clampedCount
    }

    /// The percentiles of what was recorded so far; all zero when nothing was.
    public var summary: LatencySummary {
        LatencySummary(
            count: count,
            minimum: histogram.min,
            p50: histogram.valueAtPercentile(50),
            p90: histogram.valueAtPercentile(90),
            p99: histogram.valueAtPercentile(99),
            p99_9: histogram.valueAtPercentile(99.9),
            maximum: histogram.maxRecorded,
            mean: count == 0 ? 0 : Double(totalMicroseconds) / Double(count),
            clampedCount: clampedCount
        )
    }
}
