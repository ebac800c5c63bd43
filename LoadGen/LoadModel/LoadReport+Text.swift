import TextValues

extension LoadReport {
    /// The whole report for a reader, as aligned plain text that ends in a line break.
    public var text: String {
        let sections = [
            heading, outcomeTable, latencyTable, trafficText, stepTable, serverText, memoryText,
            generatorText, verdictLines,
        ]
        return sections.compactMap(\.self).joined(separator: "\n\n") + "\n"
    }

    private var heading: String {
        let message = scenario.expectsEcho ? ", messages of \(ByteCountText.readable(scenario.payloadBytes))" : ""
        let hold = scenario.mode.holds ? ", hold \(DurationText.format(scenario.hold))" : ""
        let workers = scenario.workers > 1 ? "\(scenario.workers) workers, " : ""
        let generators = scenario.generators == 1 ? "" : " from \(scenario.generators) generators"
        return """
            \(scenario.extentText) to \(target) \(scenario.paceText)\(generators)
            mode \(scenario.mode.rawValue)\(message)\(hold), \(workers)\
            \(scenario.sockets) sockets, ALPN \(scenario.applicationProtocol), seed \(scenario.seed)
            """
    }

    private var outcomeTable: String {
        var table = TextTable(header: ["outcomes", "count"])
        table.append(["scheduled", "\(outcomes.scheduled)"])
        if let answered = outcomes.answered { table.append(["answered", "\(answered)"]) }
        table.append(["established", "\(outcomes.established)"])
        table.append(["used", "\(outcomes.used)"])
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
        if scenario.pace.concurrency == nil {
            table.append(Self.row("  from actual start", latencies.handshakeFromStart))
        }
        table.append(Self.row("first answer", latencies.firstAnswer))
        table.append(Self.row("echo", latencies.echo))
        if scenario.pace.concurrency == nil { table.append(Self.row("start delay", latencies.startDelay)) }
        return table.text
    }

    private static func row(_ name: String, _ latency: LatencySummary) -> [String] {
        guard latency.count > 0 else { return [name, "0"] + Array(repeating: "-", count: 7) }
        let whole = [latency.minimum, latency.p50, latency.p90, latency.p99, latency.p99_9, latency.maximum]
        let times = whole.map { Double($0) } + [latency.mean]
        return [name, "\(latency.count)"] + times.map { LatencyText.format(microseconds: $0) }
    }

    /// What was sent and done; nil when nothing was.
    private var trafficText: String? {
        guard traffic != TrafficCounts() else { return nil }
        let sent = ByteCountText.readable(traffic.sentBytes)
        let received = ByteCountText.readable(traffic.receivedBytes)
        let perSecond = elapsedSeconds > 0 ? Double(traffic.sentBytes + traffic.receivedBytes) / elapsedSeconds : 0
        let megabytes = DecimalText.format(perSecond / 1e6, places: 1)
        var parts = ["\(traffic.messages) messages, \(sent) sent, \(received) received, \(megabytes) MB/s"]
        if traffic.resumed > 0 { parts.append("\(traffic.resumed) resumed") }
        if traffic.keyUpdates + traffic.keyUpdatesRefused > 0 {
            parts.append("\(traffic.keyUpdates) key updates (\(traffic.keyUpdatesRefused) too early)")
        }
        if traffic.rebinds > 0 { parts.append("\(traffic.rebinds) rebinds") }
        return "traffic: " + parts.joined(separator: ", ")
    }

    /// The steps of a herd; nil in other modes.
    private var stepTable: String? {
        guard !steps.isEmpty else { return nil }
        var table = TextTable(header: ["herd", "open", "failed", "time", "own RSS", "target holds", "target RSS"])
        for step in steps {
            table.append([
                "\(step.connections)", "\(step.open)", "\(step.failed)",
                "\(DecimalText.format(step.elapsedSeconds, places: 1)) s",
                ByteCountText.readable(step.generatorResidentBytes),
                step.target?.heldBytes.map(ByteCountText.readable) ?? "-",
                step.target?.residentBytes.map(ByteCountText.readable) ?? "-",
            ])
        }
        return table.text
    }

    private var serverText: String? {
        guard let server else { return nil }
        guard server.failureCount > 0 else { return server.table }
        let requests = server.failureCount + server.sampleCount
        let reason = server.lastFailure ?? "unknown"
        return "\(server.table)\n\(server.failureCount) of \(requests) requests for statistics failed: \(reason)"
    }

    private var memoryText: String? {
        guard let memory else { return nil }
        guard memory.failureCount > 0 else { return memory.table }
        return "\(memory.table)\n\(memory.lastFailure ?? "the target could not be read")"
    }

    private var generatorText: String {
        let share = DecimalText.format(generator.busiestWorkerShare * 100, places: 0)
        let line = """
            generator: \(DecimalText.format(elapsedSeconds, places: 1)) s, \
            CPU \(DecimalText.format(generator.cpuSeconds, places: 1)) s (busiest worker \(share) % of a core), \
            peak RSS \(ByteCountText.readable(generator.peakResidentBytes)), \
            \(generator.lateStarts) late starts, datagrams dropped: \(generator.receiveOverflows) on arrival, \
            \(generator.sendOverflows) on sending
            """
        let warnings = warnings.map { "WARNING \(GeneratorUsage.warningTitle): \($0)" }
        return ([line] + warnings).joined(separator: "\n")
    }

    private var verdictLines: String {
        verdict.expectations.map { "\($0.passed ? "ok    " : "FAILED") \($0.sentence)" }.joined(separator: "\n")
    }
}
