/// What ``Connection/transmit(into:at:)`` left behind.
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
    private(set) var hasPackets = false

    init(quantumBytes: Int, inFlightBytes: Int) {
        self.quantumBytes = quantumBytes
        self.inFlightBytes = inFlightBytes
    }

    mutating func add(_ byteCount: Int) {
        hasPackets = true
        quantumBytes -= byteCount
        inFlightBytes += byteCount
    }
}
