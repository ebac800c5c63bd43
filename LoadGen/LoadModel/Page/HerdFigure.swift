/// Memory over open connections: a dot for each step of a herd, measured once it had settled.
struct HerdFigure: Sendable {
    private let steps: [HerdStep]
    private let base: TargetReading?
    private let connections: Axis

    /// The figure of a herd; nil when there was none.
    ///
    /// - Parameter base: The target before the first connection; nil when it was not read.
    init?(_ steps: [HerdStep], base: TargetReading?) {
        guard let most = steps.map(\.open).max(), most > 0 else { return nil }
        self.steps = steps
        self.base = base
        connections = Axis(.count, to: Double(most), places: PlotPanel.horizontal, count: 8)
    }

    /// A line of the plot, and the column of its table.
    private struct Series {
        let name: String
        let style: String
        let points: [(x: Double, y: Double)]
        let value: (HerdStep) -> Int?
    }

    private var series: [Series] {
        [
            line("target's RSS", "resident", from: base?.residentBytes) { $0.target?.residentBytes },
            line("target's ledger", "ledger", from: base?.heldBytes) { $0.target?.heldBytes },
            line("generator's RSS", "generator", from: nil) { $0.generatorResidentBytes },
        ]
        .filter { !$0.points.isEmpty }
    }

    private func line(
        _ name: String,
        _ style: String,
        from start: Int?,
        _ value: @escaping (HerdStep) -> Int?
    ) -> Series {
        let measured = steps.compactMap { step in value(step).map { (x: Double(step.open), y: Double($0)) } }
        let first = start.map { [(x: 0.0, y: Double($0))] } ?? []
        return Series(name: name, style: style, points: measured.isEmpty ? [] : first + measured, value: value)
    }

    /// The figure.
    var figure: PlotFigure {
        let series = series
        let most = series.flatMap { $0.points.map(\.y) }.max() ?? 0
        let panel = PlotPanel(horizontal: connections, vertical: Axis(.bytes, to: most, places: (252, 12)))
        return PlotFigure(
            name: "herd",
            title: "Memory over open connections",
            description: sentence,
            legend: series.map { .init(style: $0.style, label: $0.name) },
            height: 300,
            drawing: panel.grid(title: nil, showsHorizontalLabels: true) + [panel.horizontalTitle("open connections")]
                + series.map { panel.line($0.points, $0.style) } + series.flatMap { dots(of: $0, in: panel) },
            table: table
        )
    }

    /// A dot for each step as long as they stay apart.
    private func dots(of series: Series, in panel: PlotPanel) -> [Markup] {
        // The generator's own memory is context, and often in the way of the target's.
        guard series.style != "generator", series.points.count <= 60 else { return [] }
        return series.points.map { panel.dot($0.x, $0.y, series.style, radius: 3.5) }
    }

    private var sentence: String {
        guard let last = steps.max(by: { $0.open < $1.open }) else { return "" }
        let open = "\(CountText.grouped(last.open)) connections"
        let own = AxisUnit.bytes.cell(Double(last.generatorResidentBytes))
        guard let resident = last.target?.residentBytes else {
            return "With \(open) the generator's own RSS is \(own)."
        }
        let whole = AxisUnit.bytes.cell(Double(resident))
        let each = base?.residentBytes.map { base in
            ", \(AxisUnit.bytes.cell(Double(resident - base) / Double(last.open))) for each more than before the first"
        }
        return "With \(open) the target's RSS is \(whole)\(each ?? ""); the generator's own is \(own)."
    }

    private var table: DataTable {
        let series = series
        let rows = steps.suffix(DataTable.rowsLimit).map { step in
            let bytes = series.map { $0.value(step).map { AxisUnit.bytes.cell(Double($0)) } ?? "–" }
            let cells = [CountText.grouped(step.open)] + bytes + [AxisUnit.time.cell(step.elapsedSeconds)]
            return DataTable.Row(place: connections.place(Double(step.open)), cells: cells)
        }
        return DataTable(header: ["open"] + series.map(\.name) + ["after"], rows: rows)
    }
}
