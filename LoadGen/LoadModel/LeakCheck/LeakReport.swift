import TextValues

/// Everything a leak check showed, as written to JSON and shown as text.
public struct LeakReport: Sendable, Encodable {
    /// The version of the JSON; raised when a field changes its meaning or goes.
    public static let schemaVersion = 1

    /// One cycle.
    public struct Cycle: Sendable, Encodable {
        /// Connections the target had to hold something for: those whose handshake was completed, and half-open ones.
        public let connections: Int
        /// How the cycle's connections ended.
        public let outcomes: OutcomeCounts
        /// How long the target took to settle, in seconds.
        public let settleSeconds: Double
        /// What the target's own counters still held then; nil where they were not read.
        public let unreturned: [String]?

        /// The target then.
        let state: TargetState

        private enum CodingKeys: String, CodingKey {
            case connections
            case outcomes
            case settleSeconds = "settle_seconds"
            case unreturned
        }

        init(connections: Int, outcomes: OutcomeCounts, settle: Duration, state: TargetState) {
            self.connections = connections
            self.outcomes = outcomes
            self.settleSeconds = settle.fractionalSeconds
            self.unreturned = state.unreturned
            self.state = state
        }
    }

    /// The server that was checked.
    public let target: String
    /// What the check did.
    public let plan: LeakPlan
    /// Each cycle, the first included.
    public let cycles: [Cycle]
    /// What the readings say.
    public let assessment: LeakAssessment
    /// What a reader should know beside the verdict, a sentence each.
    public var notes: [String]

    private enum CodingKeys: String, CodingKey {
        case schemaVersion = "schema_version"
        case target
        case plan
        case cycles
        case assessment
        case notes
    }

    /// The report of cycles that were carried out as planned.
    init(target: String, plan: LeakPlan, before: TargetState, cycles: [Cycle]) {
        self.target = target
        self.plan = plan
        self.cycles = cycles
        var connections = 0
        let points = cycles.map { cycle in
            connections += cycle.connections
            return LeakCycle(connections: connections, memory: cycle.state.memory)
        }
        assessment = LeakAssessment(before: before.memory, cycles: points, toleranceBytes: plan.toleranceBytes)
        notes = [
            Self.failureNote(cycles, plan.manner), Self.unreturnedNote(cycles),
            Self.createdNote(before, cycles, connections),
        ]
        .compactMap(\.self)
    }

    /// Writes the report.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(Self.schemaVersion, forKey: .schemaVersion)
        try values.encode(target, forKey: .target)
        try values.encode(plan, forKey: .plan)
        try values.encode(cycles, forKey: .cycles)
        try values.encode(assessment, forKey: .assessment)
        try values.encode(notes, forKey: .notes)
    }

    /// The report for a reader, as aligned plain text that ends in a line break: the verdict last.
    public var text: String {
        notes.map { "note: \($0)\n" }.joined() + (notes.isEmpty ? "" : "\n") + assessment.text
    }

    /// The report as a page.
    public var page: ReportPage { assessment.page(target: target, notes: notes) }

    private static func failureNote(_ cycles: [Cycle], _ manner: LeakManner) -> String? {
        let outcomes = cycles.reduce(into: OutcomeCounts()) { $0.add($1.outcomes) }
        if manner == .failing {
            guard outcomes.completed > 0 else { return nil }
            return "\(outcomes.completed) of \(outcomes.ended) connections were to fail and did not"
        }
        guard outcomes.failed > 0 else { return nil }
        let failures = outcomes.failures.map { "\($0.count) \($0.outcome.title)" }.joined(separator: ", ")
        return "\(outcomes.failed) of \(outcomes.ended) connections did not do all they should: \(failures)"
    }

    private static func unreturnedNote(_ cycles: [Cycle]) -> String? {
        guard let left = cycles.last?.unreturned, !left.isEmpty else { return nil }
        return "the target's own counters were not zero after the last cycle: \(left.joined(separator: ", "))"
    }

    /// A server that answers first packets with Retry (RFC 9000 §8.1.2) holds nothing for half-open connections.
    private static func createdNote(_ before: TargetState, _ cycles: [Cycle], _ connections: Int) -> String? {
        guard let first = before.connectionsCreated, let last = cycles.last?.state.connectionsCreated,
            last - first < connections
        else { return nil }
        return "the target made \(last - first) connections of \(connections): others may have been answered with Retry"
    }
}
