/// An error code of the transport. RFC 9000 §20.1.
public struct TransportErrorCode: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public let rawValue: UInt64

    /// The code numbered `rawValue`.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The connection ends without an error.
    public static let noError = TransportErrorCode(rawValue: 0x00)
    /// The endpoint cannot go on.
    public static let internalError = TransportErrorCode(rawValue: 0x01)
    /// The server refused to accept a new connection.
    public static let connectionRefused = TransportErrorCode(rawValue: 0x02)
    /// The token of a Retry was not valid.
    public static let invalidToken = TransportErrorCode(rawValue: 0x0b)

    /// The TLS alert, for the codes 0x0100 to 0x01ff. RFC 9001 §4.8.
    public var alert: UInt8? {
        (0x0100...0x01ff).contains(rawValue) ? UInt8(truncatingIfNeeded: rawValue) : nil
    }
}
