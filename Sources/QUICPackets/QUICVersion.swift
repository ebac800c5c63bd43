/// A version of QUIC. RFC 9000 §15.
public struct QUICVersion: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public let rawValue: UInt32

    /// The version numbered `rawValue`.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// RFC 9000.
    public static let v1 = QUICVersion(rawValue: 0x0000_0001)
    /// RFC 9369.
    public static let v2 = QUICVersion(rawValue: 0x6b33_43cf)

    /// The versions spoken here.
    public static let supported = [v1, v2]
}
