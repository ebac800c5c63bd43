import Datagrams

/// Spreads stream data over the round trip, so that no burst overruns a short queue on its way. RFC 9002 §7.7.
///
/// ngtcp2 1.11 paces as well, but saves up every moment by which its timer was handled late, without end, and spends them in
/// one burst (`compensation` in ngtcp2_conn.c). An echo over 50 ms sent 325 packets within a millisecond, and quic-go, for
/// one, drops what exceeds 256.
struct SendPacer {
    /// Bytes that may be sent now; negative by the bytes the last packet had too many.
    private var creditBytes = leastBurstBytes
    private var filledAt: MonotonicInstant
    private var bytesPerNanosecond: Float = 0
    private var shortestPauseNanoseconds = Float(PaceOfSending.slowStart.pauseNanoseconds)
    /// The congestion controller's threshold, and the end of the recovery that began when it fell.
    private var slowStartThreshold = UInt64.max
    private var recoveryEnd = MonotonicInstant(nanoseconds: 0)
    /// Until when a loss counts as one of the overshoot at the end of slow start.
    private var overshootEnd = MonotonicInstant(nanoseconds: 0)
    /// When data that is held back may be sent; the distant future while none is.
    private(set) var releaseAt = MonotonicInstant.distantFuture

    /// The bytes that may leave at once at any rate, as long as slow start lasts: an initial congestion window, with room for
    /// larger packets.
    static let leastBurstBytes = 16 << 10
    /// Two packets, which are acknowledged at once. RFC 9000 §13.2.2.
    private static let leastLossyBurstBytes = 2_400.0
    /// A window that one message of the system carries does not overrun anything.
    private static let smallWindowBytes: UInt64 = 64 << 10
    /// In round trips. The first half passes before what is in flight fits into the smaller window.
    private static let recoveryRoundTrips = 1.5
    /// In round trips after slow start. The window of a later loss is one that the path carried: an echo that was slowed down by
    /// each of them had a quarter less throughput.
    private static let overshootRoundTrips = 8.0
    private static let longestPauseNanoseconds = 1e12

    init(at now: MonotonicInstant) {
        filledAt = now
    }

    /// Whether a packet with stream data may leave now.
    var allowsPacket: Bool { creditBytes > 0 }

    /// Takes note that time has passed, and of the congestion window, in bytes, and the smoothed round trip, in nanoseconds.
    ///
    /// - Parameter slowStartThreshold: In bytes; the greatest number until the first lost packet. A window that leaves in one
    ///   burst is acknowledged by one packet, and when that one is lost, nothing moves until a probe timeout.
    mutating func fill(
        window: UInt64,
        roundTripNanoseconds: UInt64,
        slowStartThreshold threshold: UInt64,
        at now: MonotonicInstant
    ) {
        let roundTrip = Double(max(1, roundTripNanoseconds))
        noteThreshold(threshold, roundTripNanoseconds: roundTrip, at: now)
        let pace = pace(of: window, at: now)
        let rate = pace.windowsPerRoundTrip * Double(max(1, window)) / roundTrip
        bytesPerNanosecond = Float(rate)
        shortestPauseNanoseconds = Float(min(pace.pauseNanoseconds, roundTrip / 8))
        var burstBytes = max(Double(Self.leastBurstBytes), rate * pace.burstNanoseconds)
        if threshold < .max { burstBytes = min(burstBytes, max(Self.leastLossyBurstBytes, Double(window) / 4)) }
        let passed = Double(max(now, filledAt).nanoseconds - filledAt.nanoseconds)
        creditBytes = Int(min(burstBytes, Double(creditBytes) + rate * passed, 1e15))
        filledAt = max(now, filledAt)
        releaseAt = .distantFuture
    }

    /// A threshold that falls is a loss, one that rises the end of all recovery: the loss was none. RFC 9438 §4.9.
    private mutating func noteThreshold(_ threshold: UInt64, roundTripNanoseconds: Double, at now: MonotonicInstant) {
        guard threshold != slowStartThreshold else { return }
        func later(byRoundTrips count: Double) -> MonotonicInstant {
            now.advanced(by: .nanoseconds(Int64(min(count * roundTripNanoseconds, Self.longestPauseNanoseconds))))
        }
        if slowStartThreshold == .max { overshootEnd = later(byRoundTrips: Self.overshootRoundTrips) }
        let isOvershoot = threshold < slowStartThreshold && now < overshootEnd
        recoveryEnd = isOvershoot ? later(byRoundTrips: Self.recoveryRoundTrips) : now
        slowStartThreshold = threshold
    }

    private func pace(of window: UInt64, at now: MonotonicInstant) -> PaceOfSending {
        guard slowStartThreshold < .max, window > Self.smallWindowBytes else { return .slowStart }
        return now < recoveryEnd ? .recovery : .congestionAvoidance
    }

    /// Takes note of a packet of `byteCount` bytes.
    mutating func spend(_ byteCount: Int) {
        creditBytes -= byteCount
    }

    /// Sets ``releaseAt``: data waits until there is credit again.
    mutating func hold() {
        precondition(!allowsPacket, "data is held back that may leave")
        let pause = Double(1 - creditBytes) / Double(max(bytesPerNanosecond, .leastNormalMagnitude))
        // Not even over a path without any delay does it end at once: whoever waits for the same moment again would wait for ever.
        let nanoseconds = min(max(1, Double(shortestPauseNanoseconds), pause), Self.longestPauseNanoseconds)
        releaseAt = filledAt.advanced(by: .nanoseconds(Int64(nanoseconds)))
    }
}
