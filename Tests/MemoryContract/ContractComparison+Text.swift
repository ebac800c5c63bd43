extension ContractComparison {
    /// The rows in which both differ, those that break the contract marked, and how many there are.
    package var text: String {
        let shown = rows.filter { $0.isBroken || ($0.committed != $0.measured && !$0.isLimit) }
        let cells =
            [["", "row", "document", "now", "allowed"]]
            + shown.map { row in
                [
                    row.isBroken ? "BROKEN" : "", row.name, Self.text(row.committed), Self.text(row.measured),
                    row.allowed,
                ]
            }
        var lines = shown.isEmpty ? [] : Self.lines(cells)
        lines.append("\(rows.count) rows compared, \(shown.count) differ, \(brokenRows.count) broken")
        if let figuresNote { lines.append(figuresNote) }
        return lines.joined(separator: "\n")
    }

    private static func text(_ number: Int?) -> String { number.map(String.init) ?? "missing" }

    /// The third and the fourth column are numbers.
    private static func lines(_ rows: [[String]]) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { cells in
            cells.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 2 || column == 3 ? padding + cell : column == 4 ? cell : cell + padding
            }.joined(separator: "  ")
        }
    }
}

extension ContractComparison.Row {
    /// Whether there is an upper limit and no figure to come near.
    var isLimit: Bool {
        if case .atMost = rule { true } else { false }
    }

    /// The rule in a few characters.
    var allowed: String {
        switch rule {
        case .within(0): "the same"
        case .within(let tolerance): "± \(tolerance)"
        case .atMost(let limit): "≤ \(limit)"
        }
    }
}
