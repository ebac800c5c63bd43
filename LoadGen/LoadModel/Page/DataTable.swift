/// The data of a plot as a table, for those who do not see the plot. The page's script shows its rows over the plot.
struct DataTable: Sendable {
    /// One row, and where it is in the plot.
    struct Row: Sendable {
        let place: Double
        let cells: [String]
    }

    /// The most rows of a table.
    static let rowsLimit = 120

    let header: [String]
    let rows: [Row]

    /// The table, folded away.
    var markup: Markup {
        let head = Markup.element("tr", [:], header.map { .element("th", ["scope": "col"], text: $0) })
        let body = rows.map { row in
            Markup.element(
                "tr",
                ["data-x": PlotPanel.number(row.place)],
                row.cells.map { .element("td", text: $0) }
            )
        }
        let table = Markup.element("table", [:], [.element("thead", [:], [head]), .element("tbody", [:], body)])
        return .element(
            "details",
            [:],
            [.element("summary", text: "Data"), .element("div", ["class": "scroll"], [table])]
        )
    }
}
