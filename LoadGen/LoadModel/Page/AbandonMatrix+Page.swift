import TextValues

extension AbandonMatrix {
    /// The matrix of `target` as a page.
    ///
    /// - Parameters:
    ///   - failures: What was expected of the matrix and did not happen, a sentence each.
    ///   - notes: What a reader should know beside the table, a sentence each.
    public func page(target: String, failures: [String] = [], notes: [String] = []) -> ReportPage {
        let costliest: [ReportPage.Tile] = [worst].compactMap { cell in
            cell?.held.map { held in
                .init(
                    label: "costliest connection",
                    value: "\(ByteCountText.readable(held.byteSecondsPerConnection)) × s"
                )
            }
        }
        return ReportPage(
            kind: "Abandon matrix",
            title: target,
            facts: "\(cells.count) ways in which connections can be abandoned, one after the other",
            outcome: failures.isEmpty ? outcome : .bad,
            headline: headline,
            remarks: failures.map { (.bad, $0) } + notes.map { (.unknown, $0) },
            tiles: costliest,
            sections: [MatrixFigure(matrix: self).markup]
        )
    }

    /// The cells whose figures can be relied on.
    private var measured: [HeldMemory] { cells.filter { $0.gap == nil }.compactMap(\.held) }

    private var keptCount: Int { measured.filter { !$0.hasReturned }.count }

    private var outcome: ReportPage.Outcome { measured.isEmpty || keptCount > 0 ? .unknown : .good }

    private var headline: String {
        if measured.isEmpty { return "Nothing to measure was seen" }
        return keptCount == 0 ? "All memory came back while it was watched" : "\(keptCount) ways left memory behind"
    }
}
