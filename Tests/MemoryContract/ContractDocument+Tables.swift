internal import BoundedMemory
internal import TextValues

/// What the guides say of the document.
extension ContractDocument {
    /// The README's table: what connections cost a real server; nil without figures of one.
    package var readmeBlock: String? {
        guard let resident else { return nil }
        let rows: [(ContractState, String)] = [
            (.establishedIdle, "shook hands and is idle"), (.echoAcknowledged, "has echoed 64 bytes too"),
            (.gone, "is gone"),
        ]
        let lines = rows.compactMap { state, words in resident[state].map { Self.readmeLine($0, words) } }
        let kept = DecimalText.format(Double(resident.keptBytes) / Double(1 << 20), places: 1)
        return """
            \(Self.grouped(resident.connections)) connections to one worker; \(measuredWith.text), P-256 certificate, X25519.
            Ledger bytes are exact. RSS is the server's over the empty process; when all connections are gone, \(kept) MiB of it stay.

            | a connection that | ledger | RSS | of it ngtcp2 | GnuTLS | ours |
            |---|---:|---:|---:|---:|---:|
            \(lines.joined(separator: "\n"))
            """
    }

    /// The table of docs/memory.md: what a connection holds in each state.
    package var memoryBlock: String {
        let lines = states.map { figures in
            let ours = [MemoryClass.rings, .table, .closing].reduce(0) { $0 + (figures[$1]?.liveBytes ?? 0) }
            let cells = [
                Self.grouped(figures[.transport]?.liveBytes ?? 0), Self.grouped(figures[.tls]?.liveBytes ?? 0),
                Self.grouped(ours), Self.grouped(figures.total.liveBytes), Self.grouped(figures.total.liveBlocks),
                Self.grouped(figures.total.peakBytes),
            ]
            return "| \(figures.meaning) | \(cells.joined(separator: " | ")) |"
        }
        return """
            | a connection that | `transport` | `tls` | ours | all bytes | blocks | peak |
            |---|---:|---:|---:|---:|---:|---:|
            \(lines.joined(separator: "\n"))

            Medians of \(sampleCount) connections, \(measuredWith.text); certificate: \(measuredWith.certificate).
            \(returnTable)
            """
    }

    private var returnTable: String {
        let lines = returnTimes.map { figures in
            let seconds = DecimalText.format(Double(figures.milliseconds) / 1_000, places: 2)
            return "| `\(figures.cause)` | \(figures.since) | \(seconds) s |"
        }
        return """

            | ended by | counted from | nothing is left after |
            |---|---|---:|
            \(lines.joined(separator: "\n"))
            """
    }

    private static func readmeLine(_ row: ResidentFigures.Row, _ words: String) -> String {
        let ours = ["rings", "table", "closing"].reduce(0) { $0 + (row.ledgerBytes[$1] ?? 0) }
        let kibibytes = DecimalText.format(Double(row.residentBytes) / 1_024, places: 1)
        let cells = [
            "\(grouped(row.totalLedgerBytes)) B", "\(kibibytes) KiB", "\(grouped(row.ledgerBytes["transport"] ?? 0)) B",
            "\(grouped(row.ledgerBytes["tls"] ?? 0)) B", "\(grouped(ours)) B",
        ]
        return "| \(words) | \(cells.joined(separator: " | ")) |"
    }

    /// A number with a comma before every third digit from the right.
    private static func grouped(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        let groups = digits.enumerated().map { position, digit in
            (position > 0 && (digits.count - position).isMultiple(of: 3) ? "," : "") + String(digit)
        }
        return (number < 0 ? "-" : "") + groups.joined()
    }
}
