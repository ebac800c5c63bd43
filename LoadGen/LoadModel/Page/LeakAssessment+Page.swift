import TextValues

extension LeakAssessment {
    /// The leak check of `target` as a page.
    ///
    /// - Parameter notes: What a reader should know beside the verdict, a sentence each.
    public func page(target: String, notes: [String] = []) -> ReportPage {
        let counted = max(0, cycles.count - warmUpCycles)
        return ReportPage(
            kind: "Leak check",
            title: target,
            facts: """
                \(counted) cycles counted after \(warmUpCycles) of warm-up, \
                \(CountText.grouped(cycles.last?.connections ?? 0)) connections; \
                \(ByteCountText.readable(toleranceBytes)) may stay for each
                """,
            outcome: outcome,
            headline: headline,
            remarks: sentences.enumerated().map { ($0 == 0 ? outcome : .note, $1) } + notes.map { (.unknown, $0) },
            tiles: trends.prefix(4).map { trend in
                .init(label: "\(trend.measure.title) per connection", value: ByteCountText.readable(trend.slope))
            },
            sections: [LeakFigure(self)?.figure.markup, trendMarkup, stayedMarkup].compactMap(\.self)
        )
    }

    private var outcome: ReportPage.Outcome {
        switch verdict {
        case .returns: .good
        case .leaks: .bad
        case .inconclusive: .unknown
        }
    }

    private var headline: String {
        switch verdict {
        case .returns: "Memory returns"
        case .leaks(let bytes, _): "Leaks \(ByteCountText.readable(bytes)) per connection"
        case .inconclusive: "Inconclusive"
        }
    }

    private var trendMarkup: Markup? {
        guard !trends.isEmpty else { return nil }
        let rows = trends.map { trend in
            let bounds = [trend.interval.lowerBound, trend.interval.upperBound]
            let bytes = [trend.slope] + bounds + [trend.robustSlope, trend.resolution]
            return [trend.measure.title, "\(trend.cycles)"] + bytes.map { ByteCountText.readable($0) }
        }
        let header = ["per connection", "cycles", "slope", "95 % from", "to", "Theil–Sen", "noise"]
        return ReportPage.table("Trends", header: header, rows: rows)
    }

    private var stayedMarkup: Markup? {
        guard !stayed.isEmpty else { return nil }
        let rows = stayed.map { item in
            item.isBytes
                ? [item.name, ByteCountText.readable(item.growthPerCycle), ByteCountText.readable(item.value)]
                : [item.name, DecimalText.format(item.growthPerCycle, places: 1), CountText.grouped(item.value)]
        }
        return ReportPage.table("What stayed", header: ["", "more per cycle", "at the end"], rows: rows)
    }
}
