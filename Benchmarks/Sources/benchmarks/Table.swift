/// Results of one kind: text for people, JSON for programs.
struct Table {
    /// One result.
    enum Cell {
        case text(String)
        case number(Double, places: Int = 0)
        case none
    }

    let title: String
    let columns: [String]
    private(set) var rows: [[Cell]] = []
    /// What has to be known to read it.
    var notes: [String] = []
    /// Which requirements the results do not meet.
    var failures: [String] = []

    init(_ title: String, columns: [String]) {
        self.title = title
        self.columns = columns
    }

    mutating func add(_ cells: Cell...) {
        add(cells)
    }

    mutating func add(_ cells: [Cell]) {
        precondition(cells.count == columns.count, "a row has a cell for each column")
        rows.append(cells)
    }
}

extension Table {
    /// A table in Markdown, its columns aligned for a terminal.
    func text(benchmark: String) -> String {
        let cells = [columns] + rows.map { $0.map(\.text) }
        let widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        let lines = cells.map { row in
            let padded = row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return column == 0 ? row[column] + space : space + row[column]
            }
            return "| " + padded.joined(separator: " | ") + " |"
        }
        let rule = widths.indices.map { $0 == 0 ? String(repeating: "-", count: widths[0] + 2) : dashes(widths[$0]) }
        let separator = "|" + rule.joined(separator: "|") + "|"
        return (["", "\(benchmark): \(title)", "", lines[0], separator] + lines.dropFirst() + notes.map { "\n" + $0 })
            .joined(separator: "\n")
    }

    private func dashes(_ width: Int) -> String {
        String(repeating: "-", count: width + 1) + ":"
    }

    /// One line with one JSON object.
    func json(benchmark: String) -> String {
        let objects = rows.map { row in
            "{" + zip(columns, row).map { "\(Self.quoted($0)):\($1.json)" }.joined(separator: ",") + "}"
        }
        let fields = [
            "\"benchmark\":\(Self.quoted(benchmark))", "\"table\":\(Self.quoted(title))",
            "\"rows\":[\(objects.joined(separator: ","))]",
            "\"notes\":[\(notes.map(Self.quoted).joined(separator: ","))]",
        ]
        return "{" + fields.joined(separator: ",") + "}"
    }

    /// `text` as a JSON string; nothing in a table has control characters.
    fileprivate static func quoted(_ text: String) -> String {
        let escaped = text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }
        return "\"" + escaped.joined() + "\""
    }
}

extension Table.Cell {
    fileprivate var text: String {
        switch self {
        case .text(let text): text
        case .number(let value, let places): Self.grouped(Self.decimal(value, places: places))
        case .none: "–"
        }
    }

    fileprivate var json: String {
        switch self {
        case .text(let text): Table.quoted(text)
        case .number(let value, let places): Self.decimal(value, places: places)
        case .none: "null"
        }
    }

    private static func decimal(_ value: Double, places: Int) -> String {
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = (value * scale).rounded()
        let digits = "\(UInt64(scaled.magnitude))"
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        let number = places == 0 ? padded : "\(padded.dropLast(places)).\(padded.suffix(places))"
        return scaled < 0 ? "-" + number : number
    }

    /// `number` with a comma before each three of its whole digits.
    private static func grouped(_ number: String) -> String {
        let whole = number.prefix { $0 != "." }
        let groups = whole.reversed().enumerated().map { index, digit in
            index > 0 && index.isMultiple(of: 3) && digit != "-" ? "\(digit)," : "\(digit)"
        }
        return groups.reversed().joined() + number.dropFirst(whole.count)
    }
}

extension Table.Cell {
    /// A share of 1, in hundredths.
    static func percent(_ share: Double) -> Table.Cell {
        .text("\(share < 0 ? "−" : "+")\(decimal((share * 100).magnitude, places: 2)) %")
    }
}
