/// Work that other threads left for the connections and services of workers.
public struct WorkStatistics: Sendable, Hashable, Encodable {
    /// Pieces of work that an inbox took, since start.
    public package(set) var posted = 0
    /// Pieces that their workers have done, since start.
    public package(set) var performed = 0
    /// Pieces that came too late for their workers, which had ended, since start. The pieces that wait are `posted - performed - dropped`.
    public package(set) var dropped = 0
    /// Pieces that found an inbox full, and were refused, since start.
    public package(set) var refused = 0
    /// Bytes of the inboxes, now: what waiting work keeps, and its slots. 0 when none waits.
    public package(set) var waitingBytes = 0

    /// Nothing yet.
    public init() {}

    package static func += (sum: inout WorkStatistics, other: WorkStatistics) {
        sum.posted += other.posted
        sum.performed += other.performed
        sum.dropped += other.dropped
        sum.refused += other.refused
        sum.waitingBytes += other.waitingBytes
    }
}
