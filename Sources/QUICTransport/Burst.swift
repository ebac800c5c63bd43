import Datagrams

/// The outcome of one call of ``Connection/transmit(into:at:)``.
public enum TransmitOutcome: Sendable, Hashable {
    /// There is nothing more to send now.
    case idle
    /// There may be more: the batch is full, or the burst was long enough for one turn.
    case more
    /// The connection ended while writing.
    case ended(ConnectionEnd)
}

/// The packets of one call of ``Connection/transmit(into:at:)``.
struct Burst {
    /// The bytes that may still follow before others have their turn.
    private(set) var quantumBytes: Int
    /// Bytes in flight, packets without stream data included.
    private(set) var inFlightBytes: Int
    /// The bytes in flight from which on streams and datagrams wait.
    var inFlightLimit = 0
    /// Whether a packet has been written.
    private(set) var hasPackets = false

    init(_ path: PathState, quantumBytes: Int, pacer: inout SendPacer, at now: MonotonicInstant) {
        pacer.fill(
            window: path.congestionWindowBytes,
            roundTripNanoseconds: path.smoothedRoundTripNanoseconds,
            slowStartThreshold: path.slowStartThresholdBytes,
            at: now
        )
        self.quantumBytes = quantumBytes
        inFlightBytes = Int(clamping: path.inFlightBytes)
    }

    /// Whether no more of the application's data may be in flight.
    var isFull: Bool { inFlightBytes >= inFlightLimit }

    /// Whether the application's data may go into the next packet; nil when the burst is over because it has to wait for its time.
    ///
    /// A packet without such data would tell ngtcp2 that the application had nothing to send, and keep the congestion
    /// window from growing. RFC 9002 §7.8.
    ///
    /// - Parameter hasData: Whether there is any.
    func offersData(_ hasData: Bool, pacer: inout SendPacer) -> Bool? {
        guard hasData else { return false }
        guard pacer.allowsPacket else {
            pacer.hold()
            return hasPackets ? nil : false
        }
        return !isFull
    }

    /// A packet of `byteCount` bytes has been written.
    mutating func add(_ byteCount: Int) {
        hasPackets = true
        quantumBytes -= byteCount
        inFlightBytes += byteCount
    }
}
