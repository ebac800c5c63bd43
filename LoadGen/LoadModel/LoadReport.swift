import TextValues

/// Everything a run showed, as written to JSON and shown as a table.
public struct LoadReport: Sendable, Equatable, Codable {
    /// The latencies of a run.
    public struct Latencies: Sendable, Equatable, Codable {
        /// From a connection's intended start to its completed handshake.
        public let handshake: LatencySummary
        /// From a message's first byte sent to its last byte back.
        public let echo: LatencySummary
    }

    /// The version of the JSON; raised when a field changes its meaning or goes.
    public static let currentSchemaVersion = 1

    /// The version of the JSON this report was read from.
    public let schemaVersion: Int
    /// The server the run was aimed at.
    public let target: String
    /// What the run did.
    public let scenario: LoadScenario
    /// How the connections ended.
    public let outcomes: OutcomeCounts
    /// How long things took.
    public let latencies: Latencies
    /// From the first connection's start to the last connection's end, in seconds.
    public let elapsedSeconds: Double
    /// What the run cost the generator.
    public let generator: GeneratorUsage
    /// What was seen of the server; nil when its statistics were not read.
    public let server: ServerObservation?
    /// Whether what was expected happened.
    public let verdict: Verdict

    private enum CodingKeys: String, CodingKey {
        case schemaVersion = "schema_version"
        case target
        case scenario
        case outcomes
        case latencies
        case elapsedSeconds = "elapsed_seconds"
        case generator
        case server
        case verdict
    }

    /// The report of a run, with its verdict.
    public init(
        target: String,
        scenario: LoadScenario,
        result: LoadResult,
        server: ServerObservation? = nil,
        expectations: ServerExpectations = .none
    ) {
        self.schemaVersion = Self.currentSchemaVersion
        self.target = target
        self.scenario = scenario
        self.outcomes = result.outcomes
        self.latencies = Latencies(handshake: result.handshake.summary, echo: result.echo.summary)
        self.elapsedSeconds = result.elapsed.fractionalSeconds
        self.generator = result.generator
        self.server = server
        self.verdict = Verdict(scenario: scenario, result: result, server: server, expectations: expectations)
    }
}
