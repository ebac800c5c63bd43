/// Why a ``ByteQueue`` took none of the bytes it was given.
public enum ByteQueueError: Error, Hashable, Sendable {
    /// They are more than ``ByteQueue/freeBytes``.
    case full
    /// The account's limit or the system refused the memory for them.
    case outOfMemory
}
