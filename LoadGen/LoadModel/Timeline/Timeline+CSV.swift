import TextValues

extension Timeline {
    /// The names of ``csv``'s columns.
    public static let csvColumns = [
        "seconds", "handshaking", "established", "closing", "completed", "failed", "handshakes_per_second",
        "echoes_per_second", "resident_bytes", "ledger_bytes", "handshake_p50_us", "handshake_p99_us", "echo_p50_us",
        "echo_p99_us",
    ]

    /// The samples as comma-separated values (RFC 4180, with line feeds alone): a line of names, then one a sample. A
    /// value that is not known is empty.
    public var csv: String {
        let lines = [Self.csvColumns.joined(separator: ",")] + samples.map { $0.csvLine }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension TimelineSample {
    fileprivate var csvLine: String {
        let rates = [handshakesPerSecond, echoesPerSecond].map { DecimalText.format($0, places: 1) }
        let counts = [handshaking, established, closing, completed, failed].map(String.init)
        let bytes = [residentBytes, ledgerBytes].map { $0.map(String.init) ?? "" }
        let latencies = [handshake?.p50, handshake?.p99, echo?.p50, echo?.p99].map { $0.map(String.init) ?? "" }
        return ([DecimalText.format(seconds, places: 3)] + counts + rates + bytes + latencies).joined(separator: ",")
    }
}
