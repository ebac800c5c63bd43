internal import QUICEndpoint

extension StatisticsDocument {
    /// What the event logs hold.
    package struct EventLog: Hashable, Sendable, Codable {
        /// Events kept, now.
        package var events: Int
        /// Events that had to go for newer ones, since start.
        package var dropped: Int
        /// Bytes of the logs, now.
        package var bytes: Int

        init(_ statistics: EventLogStatistics) {
            events = statistics.events
            dropped = statistics.dropped
            bytes = statistics.bytes
        }
    }
}
