/// Rows of text in columns: the first column aligned left, the others right.
struct TextTable {
    private var rows: [[String]]

    /// A table with this first row.
    init(header: [String]) {
        rows = [header]
    }

    /// Appends a row, which may have fewer cells than the header.
    mutating func append(_ row: [String]) {
        rows.append(row)
    }

    /// One line per row, without a trailing line break.
    var text: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { Self.line($0, widths) }.joined(separator: "\n")
    }

    private static func line(_ row: [String], _ widths: [Int]) -> String {
        let cells = row.enumerated().map { column, cell in
            let padding = String(repeating: " ", count: widths[column] - cell.count)
            guard column == 0 else { return padding + cell }
            return row.count == 1 ? cell : cell + padding
        }
        return cells.joined(separator: "  ")
    }
}
