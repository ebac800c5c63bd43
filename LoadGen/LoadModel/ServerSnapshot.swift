/// What a server says of itself at one moment: the part of its admin `GET /stats` that a report shows.
///
/// Fields of the JSON that are not named here are ignored.
public struct ServerSnapshot: Sendable, Equatable, Codable {
    /// Connections by state, in RFC 9000's words.
    public struct Connections: Sendable, Equatable, Codable {
        /// Since the server started.
        public var created: Int
        /// Since the server started.
        public var closed: Int
        /// Now, in whichever state.
        public var live: Int
        /// Now.
        public var handshaking: Int
        /// Now.
        public var established: Int
        /// Now. RFC 9000 §10.2.1.
        public var closing: Int
        /// Now. RFC 9000 §10.2.2.
        public var draining: Int
    }

    /// The memory of the whole process.
    public struct Process: Sendable, Equatable, Codable {
        /// Resident memory (RSS).
        public var residentBytes: Int
        /// Bytes the heap has handed out.
        public var heapInUseBytes: Int
        /// Since the server started.
        public var uptimeSeconds: Double

        private enum CodingKeys: String, CodingKey {
            case residentBytes = "resident_bytes"
            case heapInUseBytes = "heap_in_use_bytes"
            case uptimeSeconds = "uptime_seconds"
        }
    }

    /// Connections by state.
    public var connections: Connections
    /// How many connections ended for which cause, since the server started.
    public var closedByCause: [String: Int]
    /// Connection IDs the server would route.
    public var connectionIDs: Int
    /// Deadlines that are set.
    public var deadlines: Int
    /// Bytes of the tables that find connections and their deadlines.
    public var tableBytes: Int
    /// Handshakes begun and not yet done.
    public var handshakesInFlight: Int
    /// Bytes and blocks held for connections.
    public var ledger: LedgerSnapshot
    /// The memory of the whole process.
    public var process: Process

    private enum CodingKeys: String, CodingKey {
        case connections
        case closedByCause = "closed_by_cause"
        case connectionIDs = "connection_ids"
        case deadlines
        case tableBytes = "table_bytes"
        case handshakesInFlight = "handshakes_in_flight"
        case ledger
        case process
    }
}
