/// What one round against one target showed.
public struct ComparedRound: Sendable, Equatable, Codable {
    /// The figures that are known.
    public let figures: [ComparisonFigure: Double]
    /// What was expected and did not happen, a sentence each.
    public let failures: [String]
    /// Why the generator, not the target, may have been what limited the round.
    public let warnings: [String]

    /// The round that `report` is of.
    ///
    /// - Parameters:
    ///   - targetCPUSeconds: Processor time the target used meanwhile; nil when that is not known.
    ///   - targetResidentBytesBefore: What the target had resident before; nil when that is not known.
    public init(_ report: LoadReport, targetCPUSeconds: Double? = nil, targetResidentBytesBefore: Int? = nil) {
        let (handshake, echo) = (report.latencies.handshake, report.latencies.echo)
        let established = Double(report.outcomes.established)
        var figures: [ComparisonFigure: Double] = [
            .failed: Double(report.outcomes.failed), .generatorCPUSeconds: report.generator.cpuSeconds,
        ]
        if report.elapsedSeconds > 0 { figures[.handshakesPerSecond] = established / report.elapsedSeconds }
        if handshake.count > 0 {
            figures[.handshakeP50] = Double(handshake.p50)
            figures[.handshakeP99] = Double(handshake.p99)
        }
        if echo.count > 0 {
            figures[.echoP50] = Double(echo.p50)
            figures[.echoP99] = Double(echo.p99)
        }
        if let targetCPUSeconds, established > 0 {
            figures[.targetCPUSecondsPerHandshake] = targetCPUSeconds / established
        }
        if let bytes = report.targetPeakResidentBytes { figures[.targetPeakResidentBytes] = Double(bytes) }
        // Where connections do not stay, there are too few of them at one moment to divide by.
        if report.scenario.keepsConnections {
            let growth = targetResidentBytesBefore.flatMap { Self.bytesPerConnection(report.timeline, before: $0) }
            figures[.targetBytesPerConnection] = growth ?? report.targetBytesPerConnection
        }
        self.figures = figures
        failures = report.verdict.failures.map(\.sentence)
        warnings = report.warnings
    }

    /// The growth for each connection at the last moment with the most of them; nil when that was not read.
    private static func bytesPerConnection(_ timeline: Timeline?, before: Int) -> Double? {
        let read = timeline?.samples.filter { $0.residentBytes != nil } ?? []
        guard let most = read.map(\.live).max(), most > 0,
            let bytes = read.last(where: { $0.live == most })?.residentBytes
        else { return nil }
        return Double(bytes - before) / Double(most)
    }
}

extension LoadScenario {
    /// Whether its connections are open for a while, for their bytes to be seen.
    fileprivate var keepsConnections: Bool { mode == .idleHerd || mode.holds && hold > .zero }
}
