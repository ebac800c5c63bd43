/// Something that a connection has done and that its endpoint has to follow: ``Connection/nextEffect()``.
///
/// It has happened when it is told of, and needs no answer. The answers that a connection needs at once, while ngtcp2 waits for them, are
/// in its ``ConnectionEnvironment``. How a connection ends is no effect: ``Connection/receive(_:path:ecn:at:)``,
/// ``Connection/expire(at:)`` and ``Connection/transmit(into:at:)`` return that, once.
public enum ConnectionEffect: Hashable, Sendable {
    /// The handshake is complete. Comes before all others, and once.
    case established
    /// Packets with this connection ID lead here from now on: a packet that has not left yet tells the peer of it. RFC 9000 §19.15.
    case issued(ConnectionID)
    /// The peer no longer uses this connection ID. RFC 9000 §19.16.
    case retired(ConnectionID)
    /// A stateless reset that ends in these 16 bytes, in the form of an ID, ends the connection from now on. RFC 9000 §10.3.1.
    case expectsReset(token: ConnectionID)
    /// It no longer does.
    case forgetsReset(token: ConnectionID)
}
