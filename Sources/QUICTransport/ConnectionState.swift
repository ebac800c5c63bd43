/// Where a connection is in its life. RFC 9000 §4, §10.2.
public enum ConnectionState: String, Sendable, CaseIterable {
    /// TLS is not finished.
    case handshaking
    /// Both sides proved their keys.
    case established
    /// We sent CONNECTION_CLOSE and answer late packets with it.
    case closing
    /// The peer sent CONNECTION_CLOSE; we stay silent.
    case draining
    /// Everything it held was released.
    case closed
}

extension Connection {
    /// Which side of the connection this is.
    public enum Role: Sendable {
        /// It opened the connection.
        case client
        /// It accepted the connection.
        case server
    }
}
