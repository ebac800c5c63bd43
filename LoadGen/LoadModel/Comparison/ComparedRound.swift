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
    /// - Parameter targetCPUSeconds: Processor time the target used meanwhile; nil when that is not known.
    public init(_ report: LoadReport, targetCPUSeconds: Double? = nil) {
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
            figures[.targetBytesPerConnection] = report.targetBytesPerConnection
        }
        self.figures = figures
        failures = report.verdict.failures.map(\.sentence)
        warnings = report.warnings
    }
}

extension LoadScenario {
    /// Whether its connections are open for a while, for their bytes to be seen.
    fileprivate var keepsConnections: Bool { mode == .idleHerd || mode.holds && hold > .zero }
}
