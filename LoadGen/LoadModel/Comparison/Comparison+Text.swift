import TextValues

extension Comparison {
    /// The comparison for a reader, as aligned plain text that ends in a line break.
    public var text: String {
        let notes =
            failures.map { "FAILED \($0)" }
            + warnings.map { "WARNING \(GeneratorUsage.warningTitle): \($0)" }
        return ([heading, table] + (notes.isEmpty ? [] : [notes.joined(separator: "\n")])).joined(separator: "\n\n")
            + "\n"
    }

    private var heading: String {
        let rounds = targets.map(\.rounds.count).max() ?? 0
        let medians = rounds == 1 ? "1 round" : "medians of \(rounds) rounds"
        let message = scenario.expectsEcho ? ", messages of \(ByteCountText.readable(scenario.payloadBytes))" : ""
        let places = targets.map { "\($0.name): \($0.address), ALPN \($0.applicationProtocol)" }
        let what = "\(scenario.extentText) \(scenario.paceText), mode \(scenario.mode.rawValue)\(message)"
        let how = "\(medians) in turn, in parentheses the least and the most, seed \(scenario.seed)"
        return ([what, how] + places).joined(separator: "\n")
    }

    /// A row for each figure that any target has, a column for each target.
    private var table: String {
        var table = TextTable(header: ["median"] + targets.map(\.name))
        for figure in ComparisonFigure.allCases {
            let cells = targets.map { target in target.medians[figure].map { Self.cell(figure, $0) } }
            guard cells.contains(where: { $0 != nil }) else { continue }
            table.append([figure.title] + cells.map { $0 ?? "-" })
        }
        return table.text
    }

    private static func cell(_ figure: ComparisonFigure, _ spread: MedianSpread) -> String {
        let median = figure.text(of: spread.median)
        guard spread.minimum < spread.maximum else { return median }
        return "\(median) (\(figure.text(of: spread.minimum)) to \(figure.text(of: spread.maximum)))"
    }
}
