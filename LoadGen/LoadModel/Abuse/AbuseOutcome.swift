/// What came of one attack.
public struct AbuseOutcome: Sendable, Equatable, Codable {
    /// How an honest client fared beside it.
    public struct Honest: Sendable, Equatable, Codable {
        /// Messages that came back.
        public var echoes = 0
        /// Messages that did not come back in time, and connections that ended.
        public var failures = 0
        /// How long an echo took, in microseconds: half of them no longer than this.
        public var p50Microseconds: UInt64 = 0
        /// The same for 99 % of them.
        public var p99Microseconds: UInt64 = 0

        /// Nothing yet.
        public init() {}

        private enum CodingKeys: String, CodingKey {
            case echoes, failures
            case p50Microseconds = "p50_us"
            case p99Microseconds = "p99_us"
        }
    }

    /// Which attack it was.
    public var name: AbuseName
    /// Why the attack could not be carried out; nil when it was.
    public var obstacle: String?
    /// What the attacker sent.
    public var sentDatagrams = 0
    /// Their bytes.
    public var sentBytes = 0
    /// What the server sent it.
    public var receivedBytes = 0
    /// How many connections it completed the handshake of.
    public var handshakes = 0
    /// CONNECTION_CLOSE frames it was sent, by their error code.
    public var closeCodes: [String: Int] = [:]
    /// Whether the server said what it did; the next ones are empty otherwise.
    public var isObserved = false
    /// How many of its connections were seen at the server.
    public var seenConnections = 0
    /// How those ended, as far as the server remembers.
    public var ends: [String: Int] = [:]
    /// The most bytes one of them held.
    public var heldBytes = 0
    /// The most bytes all connections of the server held at once since it started.
    public var ledgerPeakBytes = 0
    /// By how much the server's counters grew; for attacks that were alone.
    public var growth: [String: Int] = [:]
    /// How long after it had taken what it could the last of its connections was gone, in seconds; nil when it was not.
    public var releaseSeconds: Double?
    /// The server's resident memory before, at its highest, and after; empty when it is not watched.
    public var residentBytes: [Int] = []
    /// How an honest client fared.
    public var honest = Honest()
    /// What was expected and did not happen, a sentence each.
    public var failures: [String] = []

    /// Nothing of the attack `name` yet.
    public init(_ name: AbuseName) {
        self.name = name
    }

    /// Whether everything expected of it happened.
    public var isMet: Bool { failures.isEmpty }

    private enum CodingKeys: String, CodingKey {
        case name, obstacle
        case sentDatagrams = "sent_datagrams"
        case sentBytes = "sent_bytes"
        case receivedBytes = "received_bytes"
        case handshakes
        case closeCodes = "close_codes"
        case isObserved = "is_observed"
        case seenConnections = "seen_connections"
        case ends
        case heldBytes = "held_bytes"
        case ledgerPeakBytes = "ledger_peak_bytes"
        case growth
        case releaseSeconds = "release_seconds"
        case residentBytes = "resident_bytes"
        case honest, failures
    }
}
