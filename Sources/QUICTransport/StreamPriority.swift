/// When a stream is served, beside the others of its connection that have something to send. RFC 9218 §4.
///
/// It orders new stream data only: bytes that were lost go before any, and flow control holds for each stream as ever. A stream takes a
/// byte for it.
public struct StreamPriority: Hashable, Sendable, CustomStringConvertible {
    private let bits: UInt8

    /// The values of ``urgency``: 0 is served first. RFC 9218 §4.1.
    public static let urgencies = 0...7
    /// The urgency of a stream for which nothing was said. RFC 9218 §4.1.
    public static let defaultUrgency = 3
    private static let incrementalBit: UInt8 = 8

    /// - Parameters:
    ///   - urgency: 0 to 7; of a number beyond, the nearest of them.
    ///   - isIncremental: Whether it shares with others of its urgency; ``isIncremental``.
    public init(urgency: Int = defaultUrgency, isIncremental: Bool = true) {
        let nearest = min(max(urgency, Self.urgencies.lowerBound), Self.urgencies.upperBound)
        bits = UInt8(nearest) | (isIncremental ? Self.incrementalBit : 0)
    }

    /// How soon it is served: nothing of a stream leaves while one with a smaller number has something to send and may send it.
    public var urgency: Int { Int(bits & ~Self.incrementalBit) }

    /// Whether it takes turns with others of its urgency, a packet each; otherwise it goes on until it has nothing to send, and the others
    /// follow in the order in which they got something. RFC 9218 §4.2.
    ///
    /// Default true, as all streams were served before there were priorities. HTTP's default is false.
    public var isIncremental: Bool { bits & Self.incrementalBit != 0 }

    /// As in HTTP's Priority field: `u=3, i`.
    public var description: String { isIncremental ? "u=\(urgency), i" : "u=\(urgency)" }
}
