/// The figures of a run's timeline: memory and connections over time, and rates over time.
struct TimelineFigure: Sendable {
    private let samples: [TimelineSample]
    private let time: Axis

    /// The figures of `timeline`; nil when it has fewer than two samples.
    init?(_ timeline: Timeline) {
        guard timeline.samples.count >= 2, let last = timeline.samples.last else { return nil }
        samples = timeline.samples
        time = Axis(.time, to: last.seconds, places: PlotPanel.horizontal, count: 8)
    }

    private var hasMemory: Bool { samples.contains { $0.residentBytes != nil || $0.ledgerBytes != nil } }

    /// The samples at which `value` is known, fewer of them in a long run, with every minimum and maximum.
    private func points(_ value: (TimelineSample) -> Double?) -> [(x: Double, y: Double)] {
        let known = samples.compactMap { sample in value(sample).map { (x: sample.seconds, y: $0) } }
        return Downsampling.indices(of: known.map(\.y)).map { known[$0] }
    }

    private func largest(_ values: [(x: Double, y: Double)]...) -> Double {
        values.joined().map(\.y).max() ?? 0
    }

    // MARK: Memory and connections

    /// Memory above, connections by state below, on one time axis.
    var memoryAndConnections: PlotFigure {
        let memoryEnd = 206.0
        let connectionsTop = hasMemory ? memoryEnd + 46 : 26
        let connectionsEnd = connectionsTop + 150
        let memory = hasMemory ? memoryPanel(from: memoryEnd, to: 26) : []
        let title = hasMemory ? "Memory and live connections" : "Live connections"
        return PlotFigure(
            name: "memory",
            title: title,
            description: memorySentence,
            legend: memoryLegend + [
                .init(style: "established", label: "established"), .init(style: "handshaking", label: "handshaking"),
                .init(style: "closing", label: "closing"),
            ],
            height: connectionsEnd + 30,
            drawing: memory + connectionsPanel(from: connectionsEnd, to: connectionsTop),
            table: table
        )
    }

    private var memoryLegend: [PlotFigure.Key] {
        var keys: [PlotFigure.Key] = []
        if samples.contains(where: { $0.residentBytes != nil }) { keys.append(.init(style: "resident", label: "RSS")) }
        if samples.contains(where: { $0.ledgerBytes != nil }) { keys.append(.init(style: "ledger", label: "ledger")) }
        return keys
    }

    private var memorySentence: String {
        let most = samples.map(\.live).max() ?? 0
        let connections = "At most \(CountText.grouped(most)) connections were live at once."
        guard let peak = samples.compactMap(\.residentBytes).max(),
            let end = samples.last(where: { $0.residentBytes != nil })?.residentBytes
        else { return connections }
        let memory = [peak, end].map { AxisUnit.bytes.cell(Double($0)) }
        return "\(connections) The target's RSS rose to \(memory[0]) and was \(memory[1]) at the end."
    }

    private func memoryPanel(from bottom: Double, to top: Double) -> [Markup] {
        let resident = points { $0.residentBytes.map(Double.init) }
        let ledger = points { $0.ledgerBytes.map(Double.init) }
        let axis = Axis(.bytes, to: largest(resident, ledger), places: (bottom, top))
        let panel = PlotPanel(horizontal: time, vertical: axis)
        return panel.grid(title: "Target memory", showsHorizontalLabels: false)
            + [
                panel.area(resident, above: resident.map { ($0.x, 0) }, "resident"), panel.line(resident, "resident"),
                panel.line(ledger, "ledger"),
            ]
    }

    private func connectionsPanel(from bottom: Double, to top: Double) -> [Markup] {
        let total = samples.map { Double($0.live + $0.closing) }
        let kept = Downsampling.indices(of: total).map { samples[$0] }
        let axis = Axis(.count, to: total.max() ?? 0, places: (bottom, top), count: 4)
        let panel = PlotPanel(horizontal: time, vertical: axis)
        let layers: [(style: String, height: (TimelineSample) -> Int)] = [
            ("established", { $0.established }), ("handshaking", { $0.handshaking }), ("closing", { $0.closing }),
        ]
        var lower = kept.map { (x: $0.seconds, y: 0.0) }
        var areas: [Markup] = []
        for (style, height) in layers {
            let upper = zip(lower, kept).map { (x: $0.x, y: $0.y + Double(height($1))) }
            areas.append(panel.area(upper, above: lower, style))
            lower = upper
        }
        return panel.grid(title: "Live connections", showsHorizontalLabels: true) + areas
    }

    // MARK: Rates

    /// Handshakes and echoes per second over time; without echoes where there were none.
    var rates: PlotFigure {
        let handshakes = points { $0.handshakesPerSecond }
        let echoes = points { $0.echoesPerSecond }
        let axis = Axis(.rate, to: largest(handshakes, echoes), places: (164, 12))
        let panel = PlotPanel(horizontal: time, vertical: axis)
        let known = [("handshakes", handshakes), ("echoes", echoes)].filter {
            $0.0 == "handshakes" || largest($0.1) > 0
        }
        let names = known.map(\.0).joined(separator: " and ")
        let most = known.map { "\(CountText.grouped(Int(clampingRounded: largest($0.1)))) \($0.0)" }
        return PlotFigure(
            name: "rates",
            title: "\(names.prefix(1).uppercased())\(names.dropFirst()) per second",
            description: "At most \(most.joined(separator: " and ")) a second.",
            legend: known.map { .init(style: $0.0, label: $0.0) },
            height: 194,
            drawing: panel.grid(title: nil, showsHorizontalLabels: true) + known.map { panel.line($0.1, $0.0) },
            table: table
        )
    }
}

// MARK: - Data

extension TimelineFigure {
    private var table: DataTable {
        DataTable(header: tableHeader, rows: tableRows { time.place($0.seconds) })
    }

    private var tableHeader: [String] {
        ["time", "established", "handshaking", "closing", "RSS", "ledger", "handshakes", "echoes"]
    }

    /// The samples that a table has room for: evenly spread ones, and those with the most memory and connections.
    private func tableRows(place: (TimelineSample) -> Double) -> [DataTable.Row] {
        let stride = max(1, (samples.count + DataTable.rowsLimit - 3) / (DataTable.rowsLimit - 2))
        var kept = Set(Swift.stride(from: 0, to: samples.count, by: stride))
        kept.formUnion(samples.indices.max { samples[$0].live < samples[$1].live }.map { [$0] } ?? [])
        kept.formUnion(
            samples.indices.max { samples[$0].residentBytes ?? 0 < samples[$1].residentBytes ?? 0 }.map { [$0] } ?? []
        )
        return kept.sorted().map { index in
            let sample = samples[index]
            let bytes = [sample.residentBytes, sample.ledgerBytes].map {
                $0.map { AxisUnit.bytes.cell(Double($0)) } ?? "–"
            }
            let states = [sample.established, sample.handshaking, sample.closing].map(CountText.grouped)
            let rates = [sample.handshakesPerSecond, sample.echoesPerSecond].map(AxisUnit.rate.cell)
            return .init(place: place(sample), cells: [AxisUnit.time.cell(sample.seconds)] + states + bytes + rates)
        }
    }
}
