/// The middle and the tail of some latencies, in microseconds.
public struct LatencyPercentiles: Sendable, Equatable, Codable {
    /// Half of them took no longer.
    public var p50: UInt64
    /// 99 % of them took no longer.
    public var p99: UInt64

    private enum CodingKeys: String, CodingKey {
        case p50 = "p50_us"
        case p99 = "p99_us"
    }

    /// The percentiles themselves.
    public init(p50: UInt64, p99: UInt64) {
        self.p50 = p50
        self.p99 = p99
    }

    /// Those of what was recorded; nil when nothing was.
    public init?(_ recorder: LatencyRecorder) {
        guard recorder.count > 0 else { return nil }
        let summary = recorder.summary
        self.init(p50: summary.p50, p99: summary.p99)
    }
}
