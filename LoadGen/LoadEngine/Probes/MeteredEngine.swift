public import LoadModel

/// An engine whose samples say what a process of this machine has resident.
public struct MeteredEngine: LoadRunning {
    private let engine: LoadEngine
    private let meter: ProcessMeter

    /// `engine`, with samples of the process that `meter` reads.
    public init(_ engine: LoadEngine, meter: ProcessMeter) {
        self.engine = engine
        self.meter = meter
    }

    /// What the process has open now; nil where `/proc` cannot be read.
    public var processState: ProcessState? { engine.processState }

    /// Runs the engine. What is read of the target in another way is kept beside its resident memory.
    public func run(
        scenario: LoadScenario,
        targetReading: @escaping @Sendable () -> TargetReading?,
        onProgress: @escaping @Sendable (LoadProgress) -> Void
    ) async throws -> LoadResult {
        let meter = meter
        return try await engine.run(
            scenario: scenario,
            targetReading: {
                var reading = targetReading() ?? TargetReading()
                reading.residentBytes = meter.residentBytes ?? reading.residentBytes
                return reading
            },
            onProgress: onProgress
        )
    }
}
