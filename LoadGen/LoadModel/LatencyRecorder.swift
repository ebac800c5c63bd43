import Histogram

/// Latencies counted in a histogram of microseconds, exact to three digits.
///
/// Owns: 144 KiB of counters, shared by copies until one records. Released by: the last copy. Bound: never grows.
public struct LatencyRecorder: Sendable {
    /// The longest latency told apart from longer ones; those are recorded as this and counted in ``clampedCount``.
    public static let limit = Duration.seconds(120)

    static let microsecondsLimit: UInt64 = 120_000_000
    /// The lowest value that is counted together with `value`, in microseconds.
    static func lowestEquivalent(to value: UInt64) -> UInt64 { empty.lowestEquivalentForValue(value) }

    /// The highest value that is counted together with `value`, in microseconds.
    static func highestEquivalent(to value: UInt64) -> UInt64 { empty.highestEquivalentForValue(value) }

    private static let empty = Histogram<UInt64>(highestTrackableValue: microsecondsLimit)

    /// How many latencies were longer than ``limit``.
    public private(set) var clampedCount = 0

    private(set) var recorded = Self.empty
    // The histogram's own mean is made of bucket middles; a sum is exact.
    private var totalMicroseconds: UInt64 = 0

    /// Nothing recorded yet.
    public init() {}

    /// How many latencies were recorded.
    public var count: Int { Int(recorded.totalCount) }

    /// Records one latency, cut to whole microseconds; a negative one counts as 0.
    public mutating func record(_ latency: Duration) {
        if latency > Self.limit { clampedCount += 1 }
        let (seconds, attoseconds) = min(max(latency, .zero), Self.limit).components
        let microseconds = UInt64(seconds) * 1_000_000 + UInt64(attoseconds / 1_000_000_000_000)
        recorded.record(microseconds)
        totalMicroseconds += microseconds
    }

    /// Adds what another worker recorded.
    public mutating func add(_ other: LatencyRecorder) {
        recorded.add(other.recorded)
        totalMicroseconds += other.totalMicroseconds
        clampedCount += other.clampedCount
    }

    /// Forgets what was recorded, and keeps the memory.
    public mutating func removeAll() {
        recorded.reset()
        totalMicroseconds = 0
        clampedCount = 0
    }

    /// The bytes of its counters.
    var allocatedBytes: Int { recorded.estimatedFootprintInBytes }

    /// The percentiles of what was recorded so far; all zero when nothing was.
    public var summary: LatencySummary {
        LatencySummary(
            count: count,
            minimum: recorded.min,
            p50: recorded.valueAtPercentile(50),
            p90: recorded.valueAtPercentile(90),
            p99: recorded.valueAtPercentile(99),
            p99_9: recorded.valueAtPercentile(99.9),
            maximum: recorded.maxRecorded,
            mean: count == 0 ? 0 : Double(totalMicroseconds) / Double(count),
            clampedCount: clampedCount
        )
    }

    /// What was recorded, value by value, as it is written to JSON.
    public var histogram: LatencyHistogram {
        let buckets = recorded.recordedValues().map {
            LatencyHistogram.Bucket(value: recorded.lowestEquivalentForValue($0.value), count: $0.count)
        }
        return LatencyHistogram(
            minimum: recorded.min,
            maximum: recorded.maxRecorded,
            total: totalMicroseconds,
            clampedCount: clampedCount,
            buckets: buckets
        )
    }

    /// What another recorder recorded, read back from its ``histogram``: every figure comes out the same.
    public init(_ histogram: LatencyHistogram) {
        // A bucket is named by its lowest value; the shortest and the longest latency are known exactly.
        if let first = histogram.buckets.first { recorded.record(histogram.minimum, count: first.count) }
        for bucket in histogram.buckets.dropFirst() { recorded.record(bucket.value, count: bucket.count) }
        recorded.record(histogram.maximum, count: 0)
        totalMicroseconds = histogram.total
        clampedCount = histogram.clampedCount
    }
}
