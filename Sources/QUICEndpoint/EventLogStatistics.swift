/// What event logs hold.
public struct EventLogStatistics: Sendable, Hashable, Encodable {
    /// Events kept now.
    public internal(set) var events = 0
    /// Events that had to go for newer ones, since start.
    public internal(set) var dropped = 0
    /// Bytes of the slots, now.
    public internal(set) var bytes = 0

    /// Nothing yet.
    public init() {}

    init(events: Int, dropped: Int, bytes: Int) {
        self.events = events
        self.dropped = dropped
        self.bytes = bytes
    }

    /// Adds another log's.
    public static func += (sum: inout EventLogStatistics, other: EventLogStatistics) {
        sum.events += other.events
        sum.dropped += other.dropped
        sum.bytes += other.bytes
    }
}
