/// A state in which a server holds memory for a connection.
public enum ConnectionState: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
    /// Its handshake has begun and is not complete.
    case handshaking
    /// Its handshake is complete.
    case established
    /// It has ended, and a record of it answers late packets: closing or draining. RFC 9000 §10.2.
    case closing
}
