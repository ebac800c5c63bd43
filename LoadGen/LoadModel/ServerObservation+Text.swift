import TextValues

extension ServerObservation {
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
