/// One of the limits on what a connection may hold.
public enum MemoryCap: String, Sendable, CaseIterable, BitwiseCopyable {
    /// ``TransportConfiguration/handshakeBytesLimit``.
    case handshake
    /// ``TransportConfiguration/connectionBytesLimit``.
    case connection
    /// The memory limit of the process.
    case process
}
