import TextValues

extension LoadReport {
    /// The report as a page.
    public func page() -> ReportPage {
        let failed = verdict.failures.count
        let count = verdict.expectations.count
        let timelineFigures = timeline.flatMap(TimelineFigure.init)
        let latencyFigure = LatencyFigure(latencySeries)
        let herdFigure = HerdFigure(steps, base: targetBefore)
        let sections: [Markup?] = [
            timelineFigures?.memoryAndConnections.markup, herdFigure?.figure.markup, latencyFigure?.figure.markup,
            FunnelFigure(funnel: funnel).markup, timelineFigures?.rates.markup,
            latencyTable, server.map(Self.table), memory.map(Self.table),
            ReportPage.grid([outcomeTable, generatorTable]),
        ]
        return ReportPage(
            kind: "Load run",
            title: target,
            facts: facts,
            outcome: verdict.passed ? .good : .bad,
            headline: failed == 0 ? "All \(count) expectations met" : "\(failed) of \(count) expectations not met",
            remarks: warnings.map { (.unknown, "\(GeneratorUsage.warningTitle): \($0)") }
                + verdict.expectations.map { ($0.passed ? .good : .bad, $0.sentence) },
            tiles: tiles,
            sections: sections.compactMap(\.self)
        )
    }

    private var facts: String {
        let hold = scenario.mode.holds ? ", held for \(DurationText.format(scenario.hold))" : ""
        let message = scenario.expectsEcho ? ", messages of \(ByteCountText.readable(scenario.payloadBytes))" : ""
        let generators = scenario.generators == 1 ? "" : " by \(scenario.generators) generators"
        let connections = scenario.connections.map { "\(CountText.grouped($0)) connections" } ?? "connections"
        let time = scenario.duration.map { " for \(DurationText.format($0))" } ?? ""
        return """
            \(connections)\(time) \(pace)\(generators), mode \
            \(scenario.mode.rawValue)\(message)\(hold), ALPN \(scenario.applicationProtocol), seed \(scenario.seed)
            """
    }

    private var pace: String {
        switch scenario.pace {
        case .open(let rate): "at \(AxisUnit.rate.label(rate, upTo: rate))"
        case .closed(let concurrency): "with \(CountText.grouped(concurrency)) at a time"
        }
    }

    private var tiles: [ReportPage.Tile] {
        var tiles: [ReportPage.Tile] = [
            .init(label: "completed", value: CountText.grouped(outcomes.completed)),
            .init(label: "failed", value: CountText.grouped(outcomes.failed)),
        ]
        if latencies.handshake.count > 0 {
            tiles.append(.init(label: "handshake p50", value: AxisUnit.latency.cell(Double(latencies.handshake.p50))))
            tiles.append(.init(label: "handshake p99", value: AxisUnit.latency.cell(Double(latencies.handshake.p99))))
        }
        if let peak = targetPeakResidentBytes {
            tiles.append(.init(label: "target's peak RSS", value: ByteCountText.readable(peak)))
        }
        if let bytes = targetBytesPerConnection {
            tiles.append(.init(label: "RSS per connection", value: ByteCountText.readable(bytes)))
        }
        return tiles
    }

    private var latencySeries: [LatencyFigure.Series] {
        guard let histograms else { return [] }
        return [
            .init(name: "handshake", style: "handshakes", histogram: histograms.handshake),
            .init(name: "echo", style: "echoes", histogram: histograms.echo),
        ]
    }

    private var latencyTable: Markup {
        let measured = [
            ("handshake", latencies.handshake), ("handshake from its actual start", latencies.handshakeFromStart),
            ("first answer", latencies.firstAnswer), ("echo", latencies.echo), ("start delay", latencies.startDelay),
        ]
        let rows = measured.map { name, latency in
            let values = [latency.minimum, latency.p50, latency.p90, latency.p99, latency.p99_9, latency.maximum]
            let times = values.map { Double($0) } + [latency.mean]
            let cells = times.map { latency.count == 0 ? "–" : AxisUnit.latency.cell($0) }
            return [name, CountText.grouped(latency.count)] + cells
        }
        let header = ["from", "count", "min", "p50", "p90", "p99", "p99.9", "max", "mean"]
        return ReportPage.table("Latencies", header: header, rows: rows)
    }

    private var outcomeTable: Markup {
        let rows = [["completed", CountText.grouped(outcomes.completed)]]
        let failures = outcomes.failures.map { [$0.outcome.title, CountText.grouped($0.count)] }
        return ReportPage.table("Outcomes", header: ["outcome", "connections"], rows: rows + failures)
    }

    private static func table(_ server: ServerObservation) -> Markup {
        func row(_ name: String, _ value: (ServerSnapshot) -> String) -> [String] {
            [name] + [server.before, server.peak, server.after].map { $0.map(value) ?? "–" }
        }
        let classes = LedgerSnapshot.Classes.all.map { name, usage in
            row("ledger: \(name)") { ByteCountText.readable($0.ledger.classes[keyPath: usage].liveBytes) }
        }
        let rows = [
            row("connections") { CountText.grouped($0.connections.live) },
            row("connection IDs") { CountText.grouped($0.connectionIDs) },
            row("deadlines") { CountText.grouped($0.deadlines) },
            row("ledger") { ByteCountText.readable($0.ledger.total.liveBytes) },
        ]
        let memory = [row("RSS") { ByteCountText.readable($0.process.residentBytes) }]
        return ReportPage.table("Target", header: ["", "before", "peak", "after"], rows: rows + classes + memory)
    }

    private static func table(_ memory: MemoryObservation) -> Markup {
        let rows = memory.rows.map { name, values in [name] + values.map { $0 ?? "–" } }
        return ReportPage.table("Target's memory", header: ["", "before", "peak", "after"], rows: rows)
    }

    private var generatorTable: Markup {
        ReportPage.table(
            "Generator",
            header: [],
            rows: [
                ["elapsed", "\(DecimalText.format(elapsedSeconds, places: 1)) s"],
                ["CPU", "\(DecimalText.format(generator.cpuSeconds, places: 1)) s"],
                ["busiest worker", "\(DecimalText.format(generator.busiestWorkerShare * 100, places: 0)) % of a core"],
                ["peak RSS", ByteCountText.readable(generator.peakResidentBytes)],
                ["late starts", CountText.grouped(generator.lateStarts)],
                ["datagrams dropped on arrival", CountText.grouped(generator.receiveOverflows)],
                ["datagrams dropped on sending", CountText.grouped(generator.sendOverflows)],
                ["bytes held afterwards", ByteCountText.readable(generator.heldBytes)],
                ["connections afterwards", CountText.grouped(generator.liveConnections)],
            ]
        )
    }
}
