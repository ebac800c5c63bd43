/// Why bytes could not be put on a stream.
public enum StreamError: Error, Hashable, Sendable {
    /// The stream's send queue is at its limit; wait for `didRelease`.
    case full
    /// There is no memory for them.
    case outOfMemory
    /// Our half of the stream has ended.
    case finished
}
