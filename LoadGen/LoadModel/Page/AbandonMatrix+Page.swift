import TextValues

extension AbandonMatrix {
    /// The matrix of `target` as a page.
    public func page(target: String) -> ReportPage {
        let kept = cells.filter { $0.held?.hasReturned == false }.count
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
            outcome: kept == 0 ? .good : .unknown,
            headline: kept == 0 ? "All memory came back while it was watched" : "\(kept) ways left memory behind",
            remarks: [],
            tiles: costliest,
            sections: [MatrixFigure(matrix: self).markup]
        )
    }
}
