/// How far a batch got.
public enum SendOutcome: Hashable, Sendable {
    /// Every datagram was sent, or dropped and counted; the batch is empty.
    case drained
    /// The kernel's buffers are full. The rest is still in the batch: send it again when the socket is writable.
    case blocked
}
