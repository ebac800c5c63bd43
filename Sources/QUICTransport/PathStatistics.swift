internal import CNgtcp2

/// The state of a connection's path, as loss recovery and congestion control know it. RFC 9002.
public struct PathStatistics: Sendable, Hashable {
    /// The latest round-trip time, with the delay of the acknowledgement.
    public let latestRoundTrip: Duration
    /// The shortest round-trip time.
    public let shortestRoundTrip: Duration
    /// An exponentially weighted moving average of round-trip times. RFC 9002 §5.3.
    public let smoothedRoundTrip: Duration
    /// The mean deviation of round-trip times. RFC 9002 §5.3.
    public let roundTripVariation: Duration
    /// The bytes that may be in flight. RFC 9002 §7.
    public let congestionWindowBytes: Int
    /// The bytes of packets in flight. RFC 9002 §2.
    public let inFlightBytes: Int
}

extension Connection {
    /// The state of its path; nil once it has ended.
    ///
    /// Before the first acknowledgement round trips are the 333 ms of RFC 9002 §6.2.2.
    public var pathStatistics: PathStatistics? {
        guard native != nil else { return nil }
        let info = nativeInfo
        return PathStatistics(
            latestRoundTrip: .nanoseconds(Int64(clamping: info.latest_rtt)),
            shortestRoundTrip: .nanoseconds(Int64(clamping: info.min_rtt)),
            smoothedRoundTrip: .nanoseconds(Int64(clamping: info.smoothed_rtt)),
            roundTripVariation: .nanoseconds(Int64(clamping: info.rttvar)),
            congestionWindowBytes: Int(clamping: info.cwnd),
            inFlightBytes: Int(clamping: info.bytes_in_flight)
        )
    }
}
