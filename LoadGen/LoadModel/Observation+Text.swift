import TextValues

extension Observation<ServerSnapshot> {
    /// The server before, at the peak and after: connections, bytes held by class, process memory.
    ///
    /// A value that could not be read is shown as `-`.
    public var table: String {
        var table = TextTable(header: ["server", "before", "peak", "after"])
        func append(_ name: String, _ value: (ServerSnapshot) -> String) {
            table.append([name] + [before, peak, after].map { $0.map(value) ?? "-" })
        }
        append("connections") { "\($0.connections.live)" }
        append("connection IDs") { "\($0.connectionIDs)" }
        append("deadlines") { "\($0.deadlines)" }
        append("bytes held") { ByteCountText.readable($0.ledger.total.liveBytes) }
        for (name, usage) in LedgerSnapshot.Classes.all {
            append("  \(name)") { ByteCountText.readable($0.ledger.classes[keyPath: usage].liveBytes) }
        }
        append("process RSS") { ByteCountText.readable($0.process.residentBytes) }
        return table.text
    }
}

extension Observation<MemoryReading> {
    /// The target's memory before, at the peak and after, as far as it was read: a value that could not be read is shown
    /// as `-`.
    public var table: String {
        var table = TextTable(header: ["target", "before", "peak", "after"])
        for (name, values) in rows { table.append([name] + values.map { $0 ?? "-" }) }
        return table.text
    }

    /// Each number that was read before, at the peak and after.
    var rows: [(name: String, values: [String?])] {
        let readings = [before, peak, after]
        let bytes = MemoryMeasure.allCases.map { measure in
            (measure.title, readings.map { $0?[measure].map { ByteCountText.readable($0) } })
        }
        let counts = [("descriptors", \MemoryReading.descriptors), ("threads", \MemoryReading.threads)].map {
            name,
            count in
            (name, readings.map { $0?[keyPath: count].map { CountText.grouped($0) } })
        }
        return (bytes + counts).filter { $0.1.contains { $0 != nil } }
    }
}
