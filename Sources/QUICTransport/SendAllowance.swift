/// How much a connection may have in flight, by what ngtcp2 keeps for each packet until it is acknowledged.
///
/// ngtcp2 has no bound of its own but the congestion window, and an allocation it is refused ends the connection. So stream
/// data is held back before it is handed over. What ngtcp2 has to send besides (acknowledgements, retransmissions, probes)
/// is not: ``reserveBytes`` are left for it.
///
/// The bytes that ngtcp2 holds are no measure: its pools keep what was once in flight, and a gate on bytes held would never open again.
struct SendAllowance {
    /// Bytes granted above ``baseBytes``.
    private(set) var borrowedBytes: UInt32 = 0
    /// A running mean of the bytes kept for 1,024 bytes in flight, times ``weight``.
    private var weightedMean: UInt32 = 260 * weight

    /// The bytes every connection may use for packets in flight: 180 KB of full packets.
    static let baseBytes = 68 << 10
    /// The same when the process has none to lend: 20 KB of full packets, as an initial congestion window.
    static let leastBytes = 8 << 10
    /// Bytes that are not given to new stream data.
    static let reserveBytes = 16 << 10
    /// The bytes that ngtcp2 1.11 keeps for a packet in flight, and for each STREAM frame in it; the newest versions 15 % more.
    private static let packetBytes = 176
    private static let frameBytes = 128
    /// Whole windows lost cost half as much again.
    private static let lossFactor = 1.5
    private static let weight: UInt32 = 16

    /// Takes note of a packet of `byteCount` bytes with `frameCount` STREAM frames. Of DATAGRAM frames ngtcp2 keeps nothing but the
    /// packet they are in.
    mutating func note(packetOf byteCount: Int, frameCount: Int, hasDatagrams: Bool = false) {
        guard byteCount > 0, frameCount > 0 || hasDatagrams else { return }
        let kept = (Self.packetBytes + Self.frameBytes * frameCount) * 1_024 / byteCount
        weightedMean += UInt32(clamping: kept)
        weightedMean -= weightedMean / (Self.weight + 1)
    }

    /// The bytes that may be in flight when `allowedBytes` may be kept for them.
    func inFlightLimit(allowedBytes: Int) -> Int {
        Int(Double(allowedBytes) / Self.lossFactor) * 1_024 / max(1, Int(weightedMean / Self.weight))
    }

    /// Grants `bytes` above ``baseBytes``.
    mutating func borrow(_ bytes: Int) {
        borrowedBytes = UInt32(clamping: bytes)
    }
}
