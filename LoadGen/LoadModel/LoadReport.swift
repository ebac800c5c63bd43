import TextValues

/// Everything a run showed, as written to JSON and shown as a table.
public struct LoadReport: Sendable, Equatable, Codable {
    /// The version of the JSON; raised when a field changes its meaning or goes.
    public static let currentSchemaVersion = 2

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
    /// Every latency, so that reports can be added; nil in reports that leave them out.
    public let histograms: Histograms?
    /// When the run began, in seconds since 1970 (UTC); nil when that is not known.
    public var startUnixSeconds: Double?
    /// What the connections did beside opening and closing.
    public let traffic: TrafficCounts
    /// From the first connection's start to the last connection's end, in seconds.
    public let elapsedSeconds: Double
    /// What the run cost the generator.
    public let generator: GeneratorUsage
    /// Why the generator, not the target, may have been what limited the run.
    public let warnings: [String]
    /// What was seen of the server; nil when its statistics were not read.
    public let server: ServerObservation?
    /// What the kernel said of the target's memory; nil when it was not asked.
    public let memory: MemoryObservation?
    /// Where the run stood moment by moment; nil when that was not recorded.
    public var timeline: Timeline?
    /// The steps of a herd; none in other modes.
    public let steps: [HerdStep]
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
        case traffic
        case elapsedSeconds = "elapsed_seconds"
        case generator
        case warnings
        case server
        case memory = "target_memory"
        case timeline
        case steps
        case verdict
    }

    /// The report of a run, with its verdict.
    public init(
        target: String,
        scenario: LoadScenario,
        result: LoadResult,
        server: ServerObservation? = nil,
        memory: MemoryObservation? = nil,
        expectations: ServerExpectations = .none
    ) {
        self.schemaVersion = Self.currentSchemaVersion
        self.target = target
        self.scenario = scenario
        self.outcomes = result.outcomes
        self.latencies = Latencies(result) { $0.summary }
        self.histograms = Histograms(result) { $0.histogram }
        self.traffic = result.traffic
        self.elapsedSeconds = result.elapsed.fractionalSeconds
        self.generator = result.generator
        self.warnings = result.generator.warnings(starts: result.outcomes.scheduled)
        self.server = server
        self.memory = memory
        self.startUnixSeconds = result.startUnixSeconds
        self.timeline = result.timeline
        self.steps = result.steps
        self.verdict = Verdict(scenario: scenario, result: result, server: server, expectations: expectations)
    }

    /// Adds to what was expected of the run, and to its verdict.
    public mutating func add(_ expectations: [Expectation]) {
        verdict = Verdict(verdict.expectations + expectations)
    }
}
