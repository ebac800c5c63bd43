/// What workers handed to each other because a datagram reached the socket of another worker than its connection's.
public struct HandOverStatistics: Sendable, Hashable, Encodable {
    /// Datagrams that an inbox took, since start.
    public internal(set) var handed = 0
    /// Datagrams that their workers took out again, since start. What waits is `handed - received`.
    public internal(set) var received = 0
    /// Datagrams that found an inbox full, or no memory for their copy, and were dropped, since start.
    public internal(set) var overflowed = 0
    /// Bytes of the inboxes, now: copies that wait, and their slots. 0 when nothing waits.
    public internal(set) var waitingBytes = 0

    /// Nothing yet.
    public init() {}

    static func += (sum: inout HandOverStatistics, other: HandOverStatistics) {
        sum.handed += other.handed
        sum.received += other.received
        sum.overflowed += other.overflowed
        sum.waitingBytes += other.waitingBytes
    }
}
