import QUICTransport

/// The fate of a datagram of a live connection.
enum DatagramDelivery {
    /// The connection has nothing to do about it.
    case handled
    /// The connection may have something to send, or another deadline.
    case received
    /// The connection ends.
    case ended(ConnectionEnd)
}
