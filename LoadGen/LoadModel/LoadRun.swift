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
    private let probe: (any TargetProbing)?
    private let expectations: ServerExpectations
    private let sampleInterval: Duration

    /// A run that has not begun.
    ///
    /// - Parameters:
    ///   - target: What the report calls the target.
    ///   - server: Where the target's statistics come from; nil to do without.
    ///   - probe: What reads the target's memory; nil to do without.
    ///   - expectations: What the server is to do after the run; means nothing without `server`.
    ///   - sampleInterval: How often they are asked.
    public init(
        of scenario: LoadScenario,
        target: String,
        engine: any LoadRunning,
        server: (any ServerReading)? = nil,
        probe: (any TargetProbing)? = nil,
        expectations: ServerExpectations = .none,
        sampleInterval: Duration = .milliseconds(250)
    ) {
        self.scenario = scenario
        self.target = target
        self.engine = engine
        self.server = server
        self.probe = probe
        self.expectations = expectations
        self.sampleInterval = sampleInterval
    }

    /// Carries the run out.
    ///
    /// - Throws: ``ServerUnreachable`` when something is expected of a server whose statistics cannot be read, and
    ///   what the engine throws.
    public func report(onProgress: @escaping @Sendable (LoadProgress) -> Void) async throws -> LoadReport {
        try await carryOut(onProgress: onProgress).report
    }

    /// Carries the run out, and returns what was measured beside the report of it.
    ///
    /// - Throws: What ``report(onProgress:)`` does.
    public func carryOut(
        onProgress: @escaping @Sendable (LoadProgress) -> Void
    ) async throws -> (report: LoadReport, result: LoadResult) {
        await engine.openTimers()
        let watch = TargetWatch(reader: server, probe: probe, interval: sampleInterval)
        await watch.sample(.before)
        if !expectations.isEmpty, let reason = await watch.server?.lastFailure {
            throw ServerUnreachable(description: "the server's statistics cannot be read: \(reason)")
        }
        let before = engine.processState
        let result = try await watched(by: watch, onProgress)
        await watch.awaitReturn(expectations)
        return await conclude(result, before: before, watch: watch)
    }

    private func watched(
        by watch: TargetWatch,
        _ onProgress: @escaping @Sendable (LoadProgress) -> Void
    ) async throws -> LoadResult {
        // Cancelled and awaited where this function returns.
        async let _: Void = watch.sampleUntilCancelled()
        let latest = watch.latest
        return try await engine.run(
            scenario: scenario,
            targetReading: { latest.value },
            onProgress: onProgress
        )
    }

    private func conclude(
        _ result: LoadResult,
        before: ProcessState?,
        watch: TargetWatch
    ) async -> (report: LoadReport, result: LoadResult) {
        var result = result
        if let before { result.generator.note(before, after: await engine.processState(noMoreThan: before)) }
        let report = LoadReport(
            target: target,
            scenario: scenario,
            result: result,
            server: await watch.server,
            memory: await watch.memory,
            expectations: expectations
        )
        return (report, result)
    }
}
