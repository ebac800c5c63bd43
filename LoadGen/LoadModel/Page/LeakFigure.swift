/// Memory after each cycle of a leak check, over the connections made: a plot for each measure that says something
/// else, with the line that was judged.
struct LeakFigure: Sendable {
    private static let panelHeight = 120.0
    private static let gap = 46.0

    private let assessment: LeakAssessment
    private let trends: [LeakTrend]
    private let connections: Axis

    /// The figure of `assessment`; nil when nothing could be judged.
    init?(_ assessment: LeakAssessment) {
        let pages = assessment.trends.first { !$0.measure.isLive }
        let trends = assessment.trends.filter(\.measure.isLive) + [pages].compactMap(\.self)
        guard !trends.isEmpty, let last = assessment.cycles.last else { return nil }
        self.assessment = assessment
        self.trends = trends
        connections = Axis(.count, to: Double(last.connections), places: PlotPanel.horizontal, count: 8)
    }

    /// The figure.
    var figure: PlotFigure {
        let panels = trends.enumerated().flatMap { index, trend in
            panel(of: trend, top: 26 + Double(index) * (Self.panelHeight + Self.gap), isLast: index == trends.count - 1)
        }
        return PlotFigure(
            name: "leak",
            title: "Memory after each cycle",
            description: """
                Each dot is the target's memory after a cycle, an empty one after a cycle of warm-up; \
                the line is what was judged. The axes of memory do not begin at 0.
                """,
            legend: trends.map { .init(style: Self.style(of: $0.measure), label: $0.measure.title) },
            height: 26 + Double(trends.count) * (Self.panelHeight + Self.gap) - Self.gap + 30,
            drawing: panels,
            table: table
        )
    }

    private static func style(of measure: MemoryMeasure) -> String {
        switch measure {
        case .ledger: "ledger"
        case .heapInUse: "heap"
        case .privateDirty, .proportional, .resident, .controlGroup: "resident"
        }
    }

    private func panel(of trend: LeakTrend, top: Double, isLast: Bool) -> [Markup] {
        let style = Self.style(of: trend.measure)
        let points = assessment.cycles.enumerated().compactMap { index, cycle in
            cycle.memory[trend.measure].map { (index: index, x: Double(cycle.connections), y: Double($0)) }
        }
        let (least, most) = (points.map(\.y).min() ?? 0, points.map(\.y).max() ?? 0)
        let axis = Axis(.bytes, from: least, to: most, places: (top + Self.panelHeight, top), count: 4)
        let panel = PlotPanel(horizontal: connections, vertical: axis)
        let dots = points.map { point in
            let isCounted = point.index >= assessment.warmUpCycles
            return panel.dot(point.x, point.y, isCounted ? style : "\(style) open")
        }
        let judged = points.suffix(trend.cycles)
        let remark = "\(AxisUnit.bytes.cell(trend.slope)) per connection"
        return panel.grid(title: trend.measure.title, showsHorizontalLabels: isLast)
            + [panel.line(Self.line(trend.slope, through: judged.map { ($0.x, $0.y) }), style)] + dots
            + [panel.remark(remark)]
    }

    /// The two ends of the line with this slope through the centre of `points`.
    private static func line(_ slope: Double, through points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        guard let first = points.first, let last = points.last else { return [] }
        let count = Double(points.count)
        let centre = (x: points.reduce(0) { $0 + $1.x } / count, y: points.reduce(0) { $0 + $1.y } / count)
        return [first.x, last.x].map { ($0, centre.y + slope * ($0 - centre.x)) }
    }

    private var table: DataTable {
        let rows = assessment.cycles.suffix(DataTable.rowsLimit).map { cycle in
            let bytes = trends.map { cycle.memory[$0.measure].map { AxisUnit.bytes.cell(Double($0)) } ?? "–" }
            let cells = [CountText.grouped(cycle.connections)] + bytes
            return DataTable.Row(place: connections.place(Double(cycle.connections)), cells: cells)
        }
        return DataTable(header: ["connections"] + trends.map(\.measure.title), rows: rows)
    }
}
