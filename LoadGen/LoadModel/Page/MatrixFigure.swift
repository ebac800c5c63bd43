/// An abandon matrix as a table whose cells are darker the more they cost.
struct MatrixFigure: Sendable {
    private static let shades = 5.0

    let matrix: AbandonMatrix

    /// The figure.
    var markup: Markup {
        let manners = AbandonManner.allCases.filter { manner in matrix.cells.contains { $0.manner == manner } }
        let heads = ["abandoned"] + manners.map(\.rawValue)
        let head = Markup.element("tr", [:], heads.map { .element("th", ["scope": "col"], text: $0) })
        let points = AbandonPoint.allCases.filter { point in matrix.cells.contains { $0.point == point } }
        let rows = points.map { point in
            Markup.element(
                "tr",
                [:],
                [.element("th", ["scope": "row"], text: point.rawValue)] + manners.map { cell(matrix[point, $0]) }
            )
        }
        let table = Markup.element(
            "table",
            ["class": "matrix"],
            [.element("thead", [:], [head]), .element("tbody", [:], rows)]
        )
        let sentence = "Bytes held for each abandoned connection × seconds until they came back; > where they did not."
        return .element(
            "section",
            [:],
            [
                .element("h2", text: "What abandoned connections cost"), .element("p", text: sentence),
                .element("div", ["class": "scroll"], [table]),
            ]
        )
    }

    private func cell(_ cell: MatrixCell?) -> Markup {
        guard let cell else { return .element("td", text: "–") }
        guard cell.gap == nil, let cost = cell.held?.byteSecondsPerConnection,
            let most = matrix.worst?.held?.byteSecondsPerConnection, most > 0
        else { return .element("td", text: cell.text) }
        let shade = Int(clampingRounded: cost / most * Self.shades)
        return .element("td", ["class": "shade\(shade)"], text: cell.text)
    }
}
