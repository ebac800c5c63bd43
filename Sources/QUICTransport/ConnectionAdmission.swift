/// Whether a server serves a connection whose handshake is complete.
public enum ConnectionAdmission: Sendable, Hashable {
    /// It does.
    case accept
    /// It closes the connection with an application error code, below 2^62, and a reason phrase. RFC 9000 §19.19.
    case refuse(code: UInt64, reasonPhrase: String = "")
}
