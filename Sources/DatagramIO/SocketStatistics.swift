/// What one socket has done since it was opened.
public struct SocketStatistics: Hashable, Sendable {
    /// Datagrams handed to the caller.
    public internal(set) var datagramsReceived: UInt64 = 0
    /// Bytes of payload in ``datagramsReceived``.
    public internal(set) var bytesReceived: UInt64 = 0
    /// Calls to the kernel for what waits, those that found nothing included.
    public internal(set) var receiveCalls: UInt64 = 0
    /// Calls to the kernel to send, those that it refused included.
    public internal(set) var sendCalls: UInt64 = 0
    /// Datagrams the kernel took.
    public internal(set) var datagramsSent: UInt64 = 0
    /// Bytes of payload in ``datagramsSent``.
    public internal(set) var bytesSent: UInt64 = 0
    /// Datagrams dropped because the network, the peer or the routing did not take them.
    public internal(set) var sendErrors: UInt64 = 0
    /// Errors of the network or the peer that arrived in place of a datagram.
    public internal(set) var receiveErrors: UInt64 = 0
    /// Datagrams the kernel dropped because the socket's queue was full. Known when the next datagram arrives.
    public internal(set) var receiveOverflows: UInt64 = 0
    /// Datagrams dropped because they were larger than a receive buffer.
    public internal(set) var truncated: UInt64 = 0

    /// Nothing done yet.
    public init() {}
}
