/// Why a datagram was dropped without an answer. Each has a counter of its name.
public enum DropReason: String, Sendable, CaseIterable {
    /// It had no bytes.
    case empty
    /// It was longer than 1,500 bytes.
    case oversized
    /// It is not QUIC.
    case malformed
    /// It leads to no connection and opens none.
    case unroutable
    /// It belongs to a connection of another worker, which did not take it.
    case otherWorker = "other_worker"
    /// It would open a connection or deserve an answer, and came from a port of ``BlockedPorts``.
    case blockedPort = "blocked_port"
    /// The answer it deserves would exceed the rate of such answers.
    case rateLimited = "rate_limited"
    /// It belongs to a connection that is kept to another path.
    case otherPath = "other_path"
    /// Too many datagrams of its connection wait for their turn already.
    case queueFull = "queue_full"
    /// It would open a connection, and as many clients wait for a turn with time for their handshakes as may; or it follows the first
    /// datagram of such a client, and as many of that client wait.
    case handshakeQueueFull = "handshake_queue_full"
    /// The process is close to its memory limit, and its connection holds more than its floor.
    case memoryPressure = "memory_pressure"
    /// It belongs to a connection that is closing or draining.
    case closing
    /// There was no memory for the connection it would open.
    case outOfMemory = "out_of_memory"
}
