import TextValues

extension LoadReport {
    /// The whole report for a reader, as aligned plain text that ends in a line break.
    public var text: String {
        let sections = [heading, outcomeTable, latencyTable, serverText, generatorLine, verdictLines]
        return sections.compactMap(\.self).joined(separator: "\n\n") + "\n"
    }

    private var heading: String {
        let message = scenario.expectsEcho ? ", messages of \(ByteCountText.readable(scenario.messageBytes))" : ""
        let hold = scenario.mode.holds ? ", hold \(DurationText.format(scenario.hold))" : ""
        let isWhole = scenario.ratePerSecond.rounded() == scenario.ratePerSecond
        let rate = DecimalText.format(scenario.ratePerSecond, places: isWhole ? 0 : 2)
        let generators = scenario.generators == 1 ? "" : " from \(scenario.generators) generators"
        return """
            \(scenario.connections) connections to \(target) at \(rate)/s\(generators)
            mode \(scenario.mode.rawValue)\(message)\(hold), \
            \(scenario.sockets) sockets, ALPN \(scenario.applicationProtocol), seed \(scenario.seed)
            """
    }

    private var outcomeTable: String {
        var table = TextTable(header: ["outcomes", "count"])
        table.append(["established", "\(outcomes.established)"])
        table.append(["echoed", "\(outcomes.echoed)"])
        table.append(["closed", "\(outcomes.closed)"])
        table.append(["abandoned", "\(outcomes.abandoned)"])
        table.append(["completed", "\(outcomes.completed)"])
        table.append(["failed", "\(outcomes.failed)"])
        for (outcome, count) in outcomes.failures {
            table.append(["  \(outcome.title)", "\(count)"])
        }
        return table.text
    }

    private var latencyTable: String {
        var table = TextTable(header: ["latency", "count", "min", "p50", "p90", "p99", "p99.9", "max", "mean"])
        table.append(Self.row("handshake", latencies.handshake))
        table.append(Self.row("echo", latencies.echo))
        return table.text
    }

    private static func row(_ name: String, _ latency: LatencySummary) -> [String] {
        guard latency.count > 0 else { return [name, "0"] + Array(repeating: "-", count: 7) }
        let whole = [latency.minimum, latency.p50, latency.p90, latency.p99, latency.p99_9, latency.maximum]
        let times = whole.map { Double($0) } + [latency.mean]
        return [name, "\(latency.count)"] + times.map(LatencyText.format)
    }

    private var serverText: String? {
        guard let server else { return nil }
        guard server.failureCount > 0 else { return server.table }
        let requests = server.failureCount + server.sampleCount
        let reason = server.lastFailure ?? "unknown"
        return "\(server.table)\n\(server.failureCount) of \(requests) requests for statistics failed: \(reason)"
    }

    private var generatorLine: String {
        """
        generator: \(DecimalText.format(elapsedSeconds, places: 1)) s, \
        CPU \(DecimalText.format(generator.cpuSeconds, places: 1)) s, \
        peak RSS \(ByteCountText.readable(generator.peakResidentBytes)), \
        still held \(ByteCountText.readable(generator.heldBytes)), \
        live connections \(generator.liveConnections)
        """
    }

    private var verdictLines: String {
        verdict.expectations.map { "\($0.passed ? "ok    " : "FAILED") \($0.sentence)" }.joined(separator: "\n")
    }
}
