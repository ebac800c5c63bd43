import TextValues

/// What came of the attacks on one server.
public struct AbuseReport: Sendable, Equatable, Codable {
    /// The server's address.
    public var target: String
    /// What came of each attack, in the order of ``AbuseName``.
    public var outcomes: [AbuseOutcome]
    /// What had not come back to zero when all of it was over, by its name in `/stats`; nil when nobody looked.
    public var unreturned: [String]?
    /// The most bytes all connections of the server held at once since it started.
    public var ledgerPeakBytes: Int
    /// What its limit for them is; nil when it did not say.
    public var memoryBytesLimit: Int?

    /// A report of these outcomes.
    public init(
        target: String,
        outcomes: [AbuseOutcome],
        unreturned: [String]?,
        memoryBytesLimit: Int?
    ) {
        self.target = target
        self.outcomes = outcomes
        self.unreturned = unreturned
        ledgerPeakBytes = outcomes.map(\.ledgerPeakBytes).max() ?? 0
        self.memoryBytesLimit = memoryBytesLimit
    }

    /// What was expected and did not happen: `half-open: its connections were not gone after 20.0 s`.
    public var failures: [String] {
        let attacks = outcomes.flatMap { outcome in outcome.failures.map { "\(outcome.name.rawValue): \($0)" } }
        guard let unreturned, !unreturned.isEmpty else { return attacks }
        return attacks + ["not back to zero after all attacks: \(unreturned.joined(separator: ", "))"]
    }

    private enum CodingKeys: String, CodingKey {
        case target, outcomes, unreturned
        case ledgerPeakBytes = "ledger_peak_bytes"
        case memoryBytesLimit = "memory_bytes_limit"
    }
}
