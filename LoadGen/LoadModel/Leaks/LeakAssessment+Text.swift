import TextValues

extension LeakAssessment {
    /// The whole check for a reader, as aligned plain text that ends in a line break.
    public var text: String {
        let sections = [cycleTable, trendTable, remainders, verdictLines]
        return sections.compactMap(\.self).joined(separator: "\n\n") + "\n"
    }

    /// The verdict and its reasons, a line each, as in ``text``.
    public var verdictLines: String {
        var lines = ["\(headline): \(sentences.first ?? "nothing was measured")"]
        lines += sentences.dropFirst().map { "  \($0)" }
        return lines.joined(separator: "\n")
    }

    private var headline: String {
        guard case .leaks(let bytes, _) = verdict else { return verdict.label }
        return "leaks \(Int(clampingRounded: bytes)) bytes per connection"
    }

    private var measures: [MemoryMeasure] {
        MemoryMeasure.allCases.filter { measure in cycles.contains { $0.memory[measure] != nil } }
    }

    private var cycleTable: String {
        let counts: [(name: String, value: (MemoryReading) -> Int?)] = [
            ("descriptors", \.descriptors), ("threads", \.threads),
        ].filter { count in cycles.contains { count.1($0.memory) != nil } }
        var table = TextTable(header: ["cycle", "connections"] + measures.map(\.title) + counts.map(\.name))
        func append(_ name: String, _ connections: Int, _ memory: MemoryReading) {
            let bytes = measures.map { memory[$0].map(ByteCountText.readable) ?? "-" }
            table.append([name, "\(connections)"] + bytes + counts.map { $0.value(memory).map(String.init) ?? "-" })
        }
        if let before { append("before", 0, before) }
        for (index, cycle) in cycles.enumerated() {
            append(index < warmUpCycles ? "\(index + 1) warm-up" : "\(index + 1)", cycle.connections, cycle.memory)
        }
        return table.text
    }

    private var trendTable: String? {
        guard !trends.isEmpty else { return nil }
        var table = TextTable(header: ["per connection", "cycles", "slope", "95 % from", "to", "Theil-Sen", "noise"])
        for trend in trends {
            let slopes = [trend.slope, trend.interval.lowerBound, trend.interval.upperBound, trend.robustSlope]
            let cells = (slopes + [trend.resolution]).map { ByteCountText.readable($0) }
            table.append([trend.measure.title, "\(trend.cycles)"] + cells)
        }
        return table.text
    }

    private var remainders: String? {
        guard !stayed.isEmpty else { return nil }
        var table = TextTable(header: ["stayed", "per cycle", "at the end"])
        for item in stayed {
            let growth =
                item.isBytes
                ? ByteCountText.readable(item.growthPerCycle)
                : DecimalText.format(item.growthPerCycle, places: 1)
            table.append([item.name, "+\(growth)", item.isBytes ? ByteCountText.readable(item.value) : "\(item.value)"])
        }
        return table.text
    }
}
