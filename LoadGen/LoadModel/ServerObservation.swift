/// What was seen of a server through its admin interface: before a run, at its peak, and after.
public struct ServerObservation: Sendable, Equatable, Codable {
    /// The server before the first connection; nil when it did not answer then.
    public internal(set) var before: ServerSnapshot?
    /// The highest value seen of each number, which need not have been at one moment.
    public internal(set) var peak: ServerSnapshot?
    /// The server after the last connection; nil when it did not answer then.
    public internal(set) var after: ServerSnapshot?
    /// How often the server answered.
    public internal(set) var sampleCount = 0
    /// How often it did not.
    public internal(set) var failureCount = 0
    /// Why it did not, the last time.
    public internal(set) var lastFailure: String?
    /// How long after the run the expectations of the server were met; nil when they were not, or there were none.
    public var returnSeconds: Double?

    private enum CodingKeys: String, CodingKey {
        case before
        case peak
        case after
        case sampleCount = "sample_count"
        case failureCount = "failure_count"
        case lastFailure = "last_failure"
        case returnSeconds = "return_seconds"
    }

    /// When a sample was taken.
    public enum Phase: Sendable {
        /// Before the first connection starts.
        case before
        /// While connections run.
        case during
        /// After the last connection ended.
        case after
    }

    /// Nothing seen yet.
    public init() {}

    /// Records an answer of the server.
    public mutating func record(_ snapshot: ServerSnapshot, _ phase: Phase) {
        sampleCount += 1
        peak?.formMaximum(with: snapshot)
        peak = peak ?? snapshot
        note(snapshot, phase)
    }

    /// Records that the server did not answer, and why.
    public mutating func recordFailure(_ reason: String, _ phase: Phase) {
        failureCount += 1
        lastFailure = reason
        note(nil, phase)
    }

    private mutating func note(_ snapshot: ServerSnapshot?, _ phase: Phase) {
        switch phase {
        case .before: before = snapshot
        case .during: break
        // A stale answer says nothing of the server that no longer answers.
        case .after: after = snapshot
        }
    }
}
