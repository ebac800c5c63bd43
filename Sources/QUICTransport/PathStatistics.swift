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

/// The same, in the units of ngtcp2, as a connection asks for it with each packet.
struct PathState {
    /// The latest sample, with the delay of the acknowledgement. RFC 9002 §5.1.
    var latestRoundTripNanoseconds: UInt64 = 0
    /// The shortest sample. RFC 9002 §5.2.
    var shortestRoundTripNanoseconds: UInt64 = 0
    /// RFC 9002 §5.3.
    var smoothedRoundTripNanoseconds: UInt64 = 0
    /// RFC 9002 §5.3.
    var roundTripVariationNanoseconds: UInt64 = 0
    /// The bytes that may be in flight. RFC 9002 §7.
    var congestionWindowBytes: UInt64 = 0
    /// The window from which on congestion is avoided; the greatest number until the first loss. RFC 9002 §7.3.
    var slowStartThresholdBytes: UInt64 = 0
    /// The bytes in flight, as congestion control counts them. RFC 9002 §2.
    var inFlightBytes: UInt64 = 0

    var shortestRoundTrip: Duration { .nanoseconds(Int64(clamping: shortestRoundTripNanoseconds)) }
    var smoothedRoundTrip: Duration { .nanoseconds(Int64(clamping: smoothedRoundTripNanoseconds)) }
}

extension PathStatistics {
    init(_ state: PathState) {
        latestRoundTrip = .nanoseconds(Int64(clamping: state.latestRoundTripNanoseconds))
        shortestRoundTrip = state.shortestRoundTrip
        smoothedRoundTrip = state.smoothedRoundTrip
        roundTripVariation = .nanoseconds(Int64(clamping: state.roundTripVariationNanoseconds))
        congestionWindowBytes = Int(clamping: state.congestionWindowBytes)
        inFlightBytes = Int(clamping: state.inFlightBytes)
    }
}

extension Connection {
    /// The state of its path; nil once it has ended.
    ///
    /// Before the first acknowledgement round trips are the 333 ms of RFC 9002 §6.2.2.
    public var pathStatistics: PathStatistics? { native == nil ? nil : PathStatistics(pathState) }

    /// The state of the path as ngtcp2 knows it: round trips, congestion window, bytes in flight.
    var pathState: PathState { native?.pathState ?? PathState() }
}
