/// A figure of a page: a title, a legend, an SVG with plots, and their data as a table.
struct PlotFigure: Sendable {
    /// A colour and what it stands for.
    struct Key: Sendable {
        let style: String
        let label: String
    }

    /// The figure's name within the page, for references between its parts.
    let name: String
    let title: String
    /// What is to be seen, in a sentence or two.
    let description: String
    let legend: [Key]
    let height: Double
    let drawing: [Markup]
    let table: DataTable

    /// The figure.
    var markup: Markup {
        let keys = legend.map { key in
            Markup.element("li", [:], [.element("i", ["class": key.style], [.text("")]), .text(key.label)])
        }
        let caption: [Markup] = [
            .element("h2", text: title), .element("p", text: description),
            .element("ul", ["class": "legend"], keys),
        ]
        return .element(
            "figure",
            ["class": "plot"],
            [
                .element("figcaption", [:], caption),
                .element("div", ["class": "scroll"], [svg]),
                table.markup,
            ]
        )
    }

    private var svg: Markup {
        let names: [Markup] = [
            .element("title", ["id": "\(name)-title"], text: title),
            .element("desc", ["id": "\(name)-desc"], text: description),
        ]
        let attributes: KeyValuePairs<StaticString, String> = [
            "viewBox": "0 0 \(PlotPanel.number(PlotPanel.width)) \(PlotPanel.number(height))", "role": "img",
            "aria-labelledby": "\(name)-title \(name)-desc",
        ]
        return .element("svg", attributes, names + drawing)
    }
}
