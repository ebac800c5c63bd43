/// Every latency of a run, counted by value: the form in which histograms are written to JSON, and added by `merge`.
///
/// ```json
/// {"version": 1, "unit": "us", "significant_digits": 3, "min": 812, "max": 48703, "total": 2210312, "clamped_count":
/// 0,
///  "counts": [[812, 3], [813, 1], …]}
/// ```
///
/// `counts` has a pair for each value that occurred: the lowest of the values counted together (to three digits, in
/// the layout of HdrHistogram), and how many there were. `min`, `max` and `total` are exact. A run of a million
/// connections has some thousand pairs.
public struct LatencyHistogram: Sendable, Equatable {
    /// One value and how often it occurred.
    public struct Bucket: Sendable, Equatable {
        /// The lowest of the values that are counted together, in microseconds.
        public let value: UInt64
        /// How often one of them occurred.
        public let count: UInt64
    }

    /// The version of the JSON; raised when its meaning changes.
    public static let currentVersion = 1
    /// The most latencies that are read from one histogram, so that sums stay within 64 bits.
    public static let countLimit: UInt64 = 100_000_000_000
    static let unit = "us"
    static let significantDigits = 3

    /// The shortest latency, in microseconds; 0 when there is none.
    public let minimum: UInt64
    /// The longest latency, in microseconds; 0 when there is none.
    public let maximum: UInt64
    /// The sum of all latencies, in microseconds.
    public let total: UInt64
    /// How many were longer than ``LatencyRecorder/limit`` and are counted as that.
    public let clampedCount: Int
    /// Each value that occurred, in rising order.
    public let buckets: [Bucket]

    init(minimum: UInt64, maximum: UInt64, total: UInt64, clampedCount: Int, buckets: [Bucket]) {
        self.minimum = minimum
        self.maximum = maximum
        self.total = total
        self.clampedCount = clampedCount
        self.buckets = buckets
    }

    /// How many latencies were recorded.
    public var count: UInt64 { buckets.reduce(0) { $0 + $1.count } }

    /// What is wrong with values that came from elsewhere; nil when a recorder could have written them.
    var contradiction: String? {
        guard let first = buckets.first, let last = buckets.last else {
            return minimum == 0 && maximum == 0 && total == 0 && clampedCount == 0 ? nil : "figures without counts"
        }
        let lowest = LatencyRecorder.lowestEquivalent
        guard zip(buckets, buckets.dropFirst()).allSatisfy({ $0.value < $1.value }) else {
            return "counts are out of order"
        }
        guard maximum <= LatencyRecorder.microsecondsLimit else { return "max is beyond what is recorded" }
        guard buckets.allSatisfy({ $0.value == lowest($0.value) }) else { return "counts are of another layout" }
        guard lowest(minimum) == first.value, lowest(maximum) == last.value, minimum <= maximum else {
            return "min and max are not those of the counts"
        }
        var count: UInt64 = 0
        for bucket in buckets {
            guard (1...Self.countLimit).contains(bucket.count), count + bucket.count <= Self.countLimit else {
                return "a count is 0, or all of them are more than \(Self.countLimit)"
            }
            count += bucket.count
        }
        guard (count * minimum...count * maximum).contains(total) else { return "total does not fit the counts" }
        return (0...Int(count)).contains(clampedCount) ? nil : "clamped_count is more than the counts"
    }
}
