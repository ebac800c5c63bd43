import LoadEngine
import LoadModel

/// An engine whose connections ask for the name, and believe whom, the options say, whatever the scenario does.
struct TrustingEngine: Abandoning {
    private let engine: LoadEngine
    private let host: String
    private let trust: TrustOptions

    init(_ target: TargetAddress, _ trust: TrustOptions) {
        engine = target.engine
        host = target.host
        self.trust = trust
    }

    var processState: ProcessState? { engine.processState }

    func run(
        scenario: LoadScenario,
        targetReading: @escaping @Sendable () -> TargetReading?,
        onProgress: @escaping @Sendable (LoadProgress) -> Void
    ) async throws -> LoadResult {
        var scenario = scenario
        trust.apply(to: &scenario, host: host)
        return try await engine.run(scenario: scenario, targetReading: targetReading, onProgress: onProgress)
    }

    func abandon(
        _ scenario: AbandonScenario,
        watch: @escaping @Sendable (OutcomeCounts) async throws -> Void
    ) async throws -> GeneratorUsage {
        var load = scenario.load
        trust.apply(to: &load, host: host)
        let trusting = AbandonScenario(point: scenario.point, manner: scenario.manner, load: load)
        return try await engine.abandon(trusting, watch: watch)
    }
}
