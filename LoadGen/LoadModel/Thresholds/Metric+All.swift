extension Metric {
    /// Every figure a threshold can be set for.
    public static let all: [Metric] =
        latencies("handshake") { $0.latencies.handshake }
        + latencies("handshake_from_start") { $0.latencies.handshakeFromStart }
        + latencies("first_answer") { $0.latencies.firstAnswer } + latencies("echo") { $0.latencies.echo }
        + latencies("start_delay") { $0.latencies.startDelay } + connections + outcomes + rates + generator + target

    private static func latencies(
        _ name: String,
        _ summary: @escaping @Sendable (LoadReport) -> LatencySummary
    ) -> [Metric] {
        /// Latencies of nothing are not measured rather than 0.
        func figure(_ key: String, _ value: @escaping @Sendable (LatencySummary) -> Double) -> Metric {
            Metric("\(name).\(key)", .duration) { report in
                let summary = summary(report)
                return summary.count == 0 ? nil : value(summary)
            }
        }
        return [
            Metric("\(name).count", .count) { Double(summary($0).count) },
            figure("min") { Double($0.minimum) },
            figure("p50") { Double($0.p50) },
            figure("p90") { Double($0.p90) },
            figure("p99") { Double($0.p99) },
            figure("p99.9") { Double($0.p99_9) },
            figure("max") { Double($0.maximum) },
            figure("mean") { $0.mean },
        ]
    }

    private static let connections = [
        Metric("scheduled", .count) { Double($0.funnel.scheduled) },
        Metric("answered", .count) { $0.outcomes.answered.map(Double.init) },
        Metric("established", .count) { Double($0.outcomes.established) },
        Metric("used", .count) { Double($0.outcomes.used) },
        Metric("echoed", .count) { Double($0.outcomes.echoed) },
        Metric("closed", .count) { Double($0.outcomes.closed) },
        Metric("abandoned", .count) { Double($0.outcomes.abandoned) },
        Metric("failed", .count) { Double($0.outcomes.failed) },
        Metric("alerts", .count) { Double($0.outcomes.alerts) },
    ]

    private static let outcomes = ConnectionOutcome.withoutAlerts.map { outcome in
        Metric(outcome.label, .count) { Double($0.outcomes.count(of: outcome)) }
    }

    private static let rates = [
        Metric("elapsed", .duration) { $0.elapsedSeconds * 1e6 },
        Metric("handshakes_per_second", .rate) { rate($0.outcomes.established, $0) },
        Metric("echoes_per_second", .rate) { rate($0.traffic.messages, $0) },
    ]

    private static func rate(_ count: Int, _ report: LoadReport) -> Double? {
        report.elapsedSeconds > 0 ? Double(count) / report.elapsedSeconds : nil
    }

    private static let generator = [
        Metric("generator.cpu", .duration) { $0.generator.cpuSeconds * 1e6 },
        Metric("generator.peak_resident_bytes", .bytes) { Double($0.generator.peakResidentBytes) },
        Metric("generator.late_starts", .count) { Double($0.generator.lateStarts) },
        Metric("generator.held_bytes", .bytes) { Double($0.generator.heldBytes) },
        Metric("generator.live_connections", .count) { Double($0.generator.liveConnections) },
    ]

    private static let target = [
        Metric("target.bytes_per_connection", .bytes) { $0.targetBytesPerConnection },
        Metric("target.peak_resident_bytes", .bytes) { $0.targetPeakResidentBytes.map(Double.init) },
        Metric("target.resident_growth_bytes", .bytes) { $0.targetResidentGrowthBytes.map(Double.init) },
        Metric("target.ledger_bytes", .bytes) { ($0.server?.after?.ledger.total.liveBytes).map(Double.init) },
        Metric("target.connections", .count) { ($0.server?.after?.connections.live).map(Double.init) },
        Metric("target.return_time", .duration) { $0.server?.returnSeconds.map { $0 * 1e6 } },
    ]
}
