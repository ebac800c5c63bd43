/// The number of a stream within its connection. RFC 9000 §2.1.
public struct StreamID: Hashable, Sendable, CustomStringConvertible {
    /// The 62-bit integer of the wire.
    public let rawValue: Int64

    /// The stream numbered `rawValue`.
    public init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// Whether the client opened it. RFC 9000 §2.1: client-initiated streams have even-numbered stream IDs.
    public var isClientInitiated: Bool { rawValue & 1 == 0 }

    /// Whether both sides send on it.
    public var isBidirectional: Bool { rawValue & 2 == 0 }

    /// The number in decimal.
    public var description: String { String(rawValue) }
}

/// Which sides send on a stream. RFC 9000 §2.1.
public enum StreamDirection: Sendable, Hashable {
    /// Both.
    case bidirectional
    /// The one that opened it.
    case unidirectional
}
