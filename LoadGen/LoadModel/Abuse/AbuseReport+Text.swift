import TextValues

extension AbuseReport {
    /// The report for a reader: a row for each attack, then what was expected and did not happen.
    public var text: String {
        var table = TextTable(header: ["attack", "sent", "ended by", "held", "gone after", "honest p50", "p99", ""])
        for outcome in outcomes {
            let row = [
                outcome.name.rawValue, CountText.grouped(outcome.sentDatagrams), outcome.endText, outcome.heldText,
                outcome.releaseText, LatencyText.format(microseconds: Double(outcome.honest.p50Microseconds)),
                LatencyText.format(microseconds: Double(outcome.honest.p99Microseconds)),
                outcome.isMet ? "met" : "NOT MET",
            ]
            table.append(row)
        }
        return ([table.text, closingText] + failures).joined(separator: "\n") + "\n"
    }

    /// A table in Markdown, as docs/attacks.md has it.
    public var markdown: String {
        let header = "| scenario | the attacker | seen in | what stops it | ended by | held | gone after | honest p99 |"
        let rows = outcomes.map { outcome in
            let scenario = outcome.name.scenario
            let cells = [
                "`\(outcome.name.rawValue)`", scenario.attack, scenario.reference, scenario.defence, outcome.endText,
                outcome.heldText, outcome.releaseText,
                LatencyText.format(microseconds: Double(outcome.honest.p99Microseconds)),
            ]
            return "| " + cells.joined(separator: " | ") + " |"
        }
        return ([header, "|---|---|---|---|---|---:|---:|---:|"] + rows).joined(separator: "\n")
            + "\n\n\(closingText)\n"
    }

    private var closingText: String {
        let met = outcomes.count { $0.isMet }
        var sentences = ["\(met) of \(outcomes.count) attacks met what was expected."]
        if let memoryBytesLimit {
            sentences.append(
                "All connections together held \(ByteCountText.readable(ledgerPeakBytes)) at most, of the "
                    + "\(ByteCountText.readable(memoryBytesLimit)) they may hold."
            )
        }
        if let unreturned, unreturned.isEmpty { sentences.append("Everything came back to zero.") }
        return sentences.joined(separator: " ")
    }
}

extension AbuseOutcome {
    /// How its connections ended, or what shows that it was met: `handshake_timeout 20`.
    var endText: String {
        if !isObserved { return closeCodes.isEmpty ? "–" : closeCodes.keys.sorted().joined(separator: ", ") }
        let expectation = name.scenario.expectation
        let signs = expectation.signs.compactMap { sign in growth[sign].map { (sign, $0) } }
        let shown = ends.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } + signs
        return shown.isEmpty ? "–" : shown.map { "\($0) \(CountText.grouped($1))" }.joined(separator: ", ")
    }

    var heldText: String {
        isObserved && seenConnections > 0 ? "\(CountText.grouped(heldBytes)) B" : "–"
    }

    var releaseText: String {
        guard isObserved, seenConnections > 0 else { return "–" }
        return releaseSeconds.map { "\(DecimalText.format($0, places: 1)) s" } ?? "never"
    }
}
