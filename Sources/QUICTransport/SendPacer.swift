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
    private var bytesPerNanosecond = 0.0
    private var shortestPauseNanoseconds = pauseNanoseconds
    /// When data that is held back may be sent; the distant future while none is.
    private(set) var releaseAt = MonotonicInstant.distantFuture

    /// The bytes that may leave at once at any rate, as long as slow start lasts: an initial congestion window, with room for
    /// larger packets.
    static let leastBurstBytes = 16 << 10
    /// The time whose bytes may leave at once.
    private static let burstNanoseconds = 1_000_000.0
    /// Two packets, which are acknowledged at once. RFC 9000 §13.2.2.
    private static let leastLossyBurstBytes = 2_400.0
    /// The shortest pause, so that one wake-up sends several packets; an eighth of the round trip on short paths.
    private static let pauseNanoseconds = 500_000.0
    private static let longestPauseNanoseconds = 1e12
    /// A little more than a window in a round trip, so that the window stays full. RFC 9002 §7.7.
    private static let gain = 1.25

    init(at now: MonotonicInstant) {
        filledAt = now
    }

    /// Whether a packet with stream data may leave now.
    var allowsPacket: Bool { creditBytes > 0 }

    /// Takes note that time has passed, and of the congestion window, in bytes, and the smoothed round trip, in nanoseconds.
    ///
    /// - Parameter isLossy: Whether slow start has ended, as it does with the first lost packet. A window that leaves in one
    ///   burst is acknowledged by one packet, and when that one is lost, nothing moves until a probe timeout.
    mutating func fill(window: UInt64, roundTripNanoseconds: UInt64, isLossy: Bool, at now: MonotonicInstant) {
        bytesPerNanosecond = Self.gain * Double(max(1, window)) / Double(max(1, roundTripNanoseconds))
        shortestPauseNanoseconds = min(Self.pauseNanoseconds, Double(roundTripNanoseconds) / 8)
        var burstBytes = max(Double(Self.leastBurstBytes), bytesPerNanosecond * Self.burstNanoseconds)
        if isLossy { burstBytes = min(burstBytes, max(Self.leastLossyBurstBytes, Double(window) / 4)) }
        let passed = Double(max(now, filledAt).nanoseconds - filledAt.nanoseconds)
        creditBytes = Int(min(burstBytes, Double(creditBytes) + bytesPerNanosecond * passed, 1e15))
        filledAt = max(now, filledAt)
        releaseAt = .distantFuture
    }

    /// Takes note of a packet of `byteCount` bytes.
    mutating func spend(_ byteCount: Int) {
        creditBytes -= byteCount
    }

    /// Sets ``releaseAt``: data waits until there is credit again.
    mutating func hold() {
        precondition(!allowsPacket, "data is held back that may leave")
        let pause = Double(1 - creditBytes) / max(bytesPerNanosecond, .leastNormalMagnitude)
        let nanoseconds = min(max(shortestPauseNanoseconds, pause), Self.longestPauseNanoseconds)
        releaseAt = filledAt.advanced(by: .nanoseconds(Int64(nanoseconds)))
    }
}
