/// One of the limits on what a connection may hold.
public enum MemoryCap: String, Sendable, CaseIterable {
    /// ``TransportConfiguration/handshakeBytesLimit``.
    case handshake
    /// ``TransportConfiguration/connectionBytesLimit``.
    case connection
}
