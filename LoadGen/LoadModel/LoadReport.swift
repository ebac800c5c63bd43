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

    /// Every latency of a run, counted by value.
    public struct Histograms: Sendable, Equatable, Codable {
        /// From a connection's intended start to its completed handshake.
        public let handshake: LatencyHistogram
        /// From a message's first byte sent to its last byte back.
        public let echo: LatencyHistogram
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
    /// Every latency, so that reports can be added; nil in reports from before there were any.
    public let histograms: Histograms?
    /// When the run began, in seconds since 1970 (UTC); nil when that is not known.
    public var startUnixSeconds: Double?
    /// From the first connection's start to the last connection's end, in seconds.
    public let elapsedSeconds: Double
    /// What the run cost the generator.
    public let generator: GeneratorUsage
    /// What was seen of the server; nil when its statistics were not read.
    public let server: ServerObservation?
    /// Where the run stood moment by moment; nil when that was not recorded.
    public var timeline: Timeline?
    /// Whether what was expected happened.
    public private(set) var verdict: Verdict

    private enum CodingKeys: String, CodingKey {
        case schemaVersion = "schema_version"
        case target
        case scenario
        case outcomes
        case latencies
        case histograms
        case startUnixSeconds = "start_unix_seconds"
        case elapsedSeconds = "elapsed_seconds"
        case generator
        case server
        case timeline
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
        self.histograms = Histograms(handshake: result.handshake.histogram, echo: result.echo.histogram)
        self.elapsedSeconds = result.elapsed.fractionalSeconds
        self.generator = result.generator
        self.server = server
        self.verdict = Verdict(scenario: scenario, result: result, server: server, expectations: expectations)
    }

    /// Adds to what was expected of the run, and to its verdict.
    public mutating func add(_ expectations: [Expectation]) {
        verdict = Verdict(verdict.expectations + expectations)
    }
}
