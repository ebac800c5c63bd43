public import Datagrams

/// The endpoint a connection belongs to: it hands out connection IDs and is told what changed.
///
/// Every method is called from inside the connection's own `receive`, `expire` or `transmit`; none may release it.
public protocol ConnectionHost: AnyObject {
    /// A new connection ID that leads to `connection`, and its stateless reset token; nil when there is none to give.
    func issueConnectionID(for connection: Connection) -> (ConnectionID, StatelessResetToken)?
    /// The peer no longer uses `id`. RFC 9000 §19.16.
    func retire(_ id: ConnectionID, of connection: Connection)
    /// The peer may end `connection` with a stateless reset that ends in these 16 bytes. RFC 9000 §10.3.1.
    func expectReset(withToken token: ConnectionID, of connection: Connection)
    /// The connection ID that came with these 16 bytes is no longer used.
    func forgetReset(withToken token: ConnectionID, of connection: Connection)
    /// The service for the application protocol TLS agreed on.
    func service(for applicationProtocol: String) -> (any StreamService)?
    /// `connection` has something to send, a new deadline or an end that its application asked for, outside of an event of its own.
    func connectionWantsAttention(_ connection: Connection)
    /// The handshake is complete.
    func connectionDidEstablish(_ connection: Connection)
    /// A token the client may bring next time when it begins with `version`, for NEW_TOKEN; nil for none. RFC 9000 §8.1.3.
    func addressToken(for remote: SocketAddress, version: QUICVersion, at now: MonotonicInstant) -> [UInt8]?
}
