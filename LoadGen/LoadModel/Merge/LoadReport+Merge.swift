extension LoadReport {
    /// The report of one run that several generators carried out together.
    ///
    /// What each connection does, and the target, have to be the same in all reports; connections, rates, sockets and
    /// counts are added, histograms too, so that percentiles are those of all latencies and not means of percentiles.
    /// The run lasts from the first generator's start to the last one's end. The server before is as the first
    /// generator to start saw it, the server after as the last to end did, with what was expected of it; its peak is
    /// the highest that any saw.
    ///
    /// - Throws: ``MergeError`` naming the two reports that do not belong together.
    public init(merging reports: [NamedReport]) throws(MergeError) {
        try Self.checkBelongTogether(reports)
        let parts = reports.map(\.report)
        let histograms = try Self.histograms(of: reports)
        var result = LoadResult(
            outcomes: parts.reduce(into: OutcomeCounts()) { $0.add($1.outcomes) },
            handshake: try Self.sum(histograms.map(\.handshake)),
            echo: try Self.sum(histograms.map(\.echo)),
            elapsed: Duration(fractionalSeconds: Self.elapsedSeconds(of: parts)),
            generator: GeneratorUsage(merging: parts.map(\.generator))
        )
        result.handshakeFromStart = try Self.sum(histograms.map(\.handshakeFromStart))
        result.firstAnswer = try Self.sum(histograms.map(\.firstAnswer))
        result.startDelay = try Self.sum(histograms.map(\.startDelay))
        result.traffic = parts.reduce(into: TrafficCounts()) { $0.add($1.traffic) }
        result.timeline = Self.timeline(of: parts)
        let order = MergeOrder(parts)
        self.init(
            target: parts[0].target,
            scenario: LoadScenario(merging: parts.map(\.scenario)),
            result: result,
            server: ServerObservation(merging: parts.map(\.server), order),
            memory: MemoryObservation(merging: parts.map(\.memory), order)
        )
        startUnixSeconds = Self.startUnixSeconds(of: parts)
        add(parts[order.last].verdict.expectations.filter { $0.name.hasPrefix("server_") })
    }

    private static func checkBelongTogether(_ reports: [NamedReport]) throws(MergeError) {
        try ReportHeader.check(reports.map { ($0.name, ReportHeader(schemaVersion: $0.report.schemaVersion)) })
        for other in reports.dropFirst() {
            let differences = zip(identity(of: reports[0].report), identity(of: other.report))
            for (value, otherValue) in differences where value.value != otherValue.value {
                throw .differs(reports[0].name, other.name, in: value.field, value.value, otherValue.value)
            }
        }
        for (index, later) in reports.enumerated() {
            guard let earlier = reports[..<index].first(where: { isSame($0.report, later.report) }) else { continue }
            throw .same(earlier.name, later.name)
        }
        let generators = reports.reduce(0) { $0 + $1.report.scenario.generators }
        guard LoadScenario.generatorsAccepted.contains(generators) else { throw .tooMany("generators") }
    }

    /// Whether both were written by one generator at the end of one run: no two begin in the same microsecond and
    /// take the same time.
    private static func isSame(_ report: LoadReport, _ other: LoadReport) -> Bool {
        guard let start = report.startUnixSeconds else { return false }
        return start == other.startUnixSeconds && report.elapsedSeconds == other.elapsedSeconds
            && report.scenario.seed == other.scenario.seed
    }

    /// What has to be the same in reports of one run, as text.
    private static func identity(of report: LoadReport) -> [(field: String, value: String)] {
        [("target", report.target)] + report.scenario.identity
    }

    private static func histograms(of reports: [NamedReport]) throws(MergeError) -> [Histograms] {
        var histograms: [Histograms] = []
        for report in reports {
            guard let part = report.report.histograms else { throw .noHistograms(report.name) }
            histograms.append(part)
        }
        return histograms
    }

    private static func sum(_ histograms: [LatencyHistogram]) throws(MergeError) -> LatencyRecorder {
        let count = histograms.reduce(0.0) { $0 + Double($1.count) }
        guard count <= Double(LatencyHistogram.countLimit) else { throw .tooMany("latencies") }
        return histograms.reduce(into: LatencyRecorder()) { $0.add(LatencyRecorder($1)) }
    }

    /// The first start; nil unless all are known.
    private static func startUnixSeconds(of parts: [LoadReport]) -> Double? {
        let starts = parts.compactMap(\.startUnixSeconds)
        return starts.count == parts.count ? starts.min() : nil
    }

    /// From the first start to the last end; where starts are not known, all are taken to have been at once.
    private static func elapsedSeconds(of parts: [LoadReport]) -> Double {
        guard let start = startUnixSeconds(of: parts) else { return parts.map(\.elapsedSeconds).max() ?? 0 }
        let ends = parts.map { ($0.startUnixSeconds ?? start) + $0.elapsedSeconds }
        return (ends.max() ?? start) - start
    }

    private static func timeline(of parts: [LoadReport]) -> Timeline? {
        guard parts.contains(where: { $0.timeline != nil }) else { return nil }
        let start = startUnixSeconds(of: parts)
        return Timeline(
            merging: parts.map { part in
                let offset = start.flatMap { start in part.startUnixSeconds.map { $0 - start } } ?? 0
                return (offset, part.timeline ?? Timeline())
            }
        )
    }
}

/// Which of several reports began first and which ended last.
struct MergeOrder {
    /// The index of the report that began first.
    let first: Int
    /// The index of the report that ended last.
    let last: Int

    /// - Precondition: There is a report.
    init(_ parts: [LoadReport]) {
        let starts = parts.map { $0.startUnixSeconds ?? 0 }
        let ends = zip(starts, parts).map { $0 + $1.elapsedSeconds }
        first = parts.indices.min { starts[$0] < starts[$1] } ?? 0
        last = parts.indices.max { ends[$0] < ends[$1] } ?? 0
    }
}
