/// One run: an engine carries out a scenario while the server's statistics are watched, and a report comes out.
public struct LoadRun: Sendable {
    /// The server did not answer before a run that could not be judged without its answers.
    public struct ServerUnreachable: Error, Equatable, CustomStringConvertible {
        /// Why.
        public let description: String
    }

    private let scenario: LoadScenario
    private let target: String
    private let engine: any LoadRunning
    private let server: (any ServerReading)?
    private let expectations: ServerExpectations
    private let sampleInterval: Duration

    /// A run that has not begun.
    ///
    /// - Parameters:
    ///   - target: What the report calls the target.
    ///   - server: Where the target's statistics come from; nil to do without.
    ///   - expectations: What the server is to do after the run; means nothing without `server`.
    ///   - sampleInterval: How often the server is asked.
    public init(
        of scenario: LoadScenario,
        target: String,
        engine: any LoadRunning,
        server: (any ServerReading)? = nil,
        expectations: ServerExpectations = .none,
        sampleInterval: Duration = .milliseconds(250)
    ) {
        self.scenario = scenario
        self.target = target
        self.engine = engine
        self.server = server
        self.expectations = expectations
        self.sampleInterval = sampleInterval
    }

    /// Carries the run out.
    ///
    /// - Throws: ``ServerUnreachable`` when something is expected of a server whose statistics cannot be read, and
    ///   what the engine throws.
    public func report(onProgress: @escaping @Sendable (LoadProgress) -> Void) async throws -> LoadReport {
        guard let server else {
            let result = try await engine.run(scenario: scenario, onProgress: onProgress)
            return makeReport(of: result, server: nil)
        }
        let watch = ServerWatch(reader: server, interval: sampleInterval)
        await watch.sample(.before)
        if !expectations.isEmpty, let reason = await watch.observation.lastFailure {
            throw ServerUnreachable(description: "the server's statistics cannot be read: \(reason)")
        }
        let result = try await watched(by: watch, onProgress)
        await watch.awaitReturn(expectations)
        return makeReport(of: result, server: await watch.observation)
    }

    private func watched(
        by watch: ServerWatch,
        _ onProgress: @escaping @Sendable (LoadProgress) -> Void
    ) async throws -> LoadResult {
        // Cancelled and awaited where this function returns.
        async let _: Void = watch.sampleUntilCancelled()
        return try await engine.run(scenario: scenario, onProgress: onProgress)
    }

    private func makeReport(of result: LoadResult, server: ServerObservation?) -> LoadReport {
        LoadReport(target: target, scenario: scenario, result: result, server: server, expectations: expectations)
    }
}
