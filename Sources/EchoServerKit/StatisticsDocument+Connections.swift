internal import QUICEndpoint

extension StatisticsDocument {
    /// Connections by state, in RFC 9000's words.
    package struct Connections: Hashable, Sendable, Codable {
        /// Since start.
        package var created: Int
        /// Since start.
        package var closed: Int
        /// Handshaking and established ones.
        package var live: Int
        /// Handshakes under way.
        package var handshaking: Int
        /// Handshakes complete.
        package var established: Int
        /// Records that answer late packets.
        package var closing: Int
        /// Records that swallow late packets.
        package var draining: Int
        /// Since start.
        package var handshakesCompleted: Int

        private enum CodingKeys: String, CodingKey {
            case created, closed, live, handshaking, established, closing, draining
            case handshakesCompleted = "handshakes_completed"
        }

        init(_ counts: ConnectionCounts) {
            created = counts.created
            closed = counts.closed
            live = counts.live
            handshaking = counts.handshaking
            established = counts.established
            closing = counts.closing
            draining = counts.draining
            handshakesCompleted = counts.handshakesCompleted
        }
    }
}
