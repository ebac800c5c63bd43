/// A report as one HTML page that needs nothing else: style, plots and data are inside of it.
///
/// It reads without its script, which only shows values under the pointer; in light and in dark; and without the
/// plots, each of which has its data as a table. Long runs are thinned to ``Downsampling/pointsLimit`` points a line
/// and ``DataTable/rowsLimit`` rows a table, so a page stays below 500 KB.
public struct ReportPage: Sendable {
    /// A figure in large type at the top.
    struct Tile: Sendable {
        let label: String
        let value: String
    }

    /// Whether what was expected happened.
    enum Outcome: String, Sendable {
        case good
        case bad
        case unknown
        /// Neither: something else that was seen.
        case note
    }

    /// What the page is of, above its title: `Load run`.
    let kind: String
    /// The target.
    let title: String
    /// What was done to it.
    let facts: String
    let outcome: Outcome
    let headline: String
    let remarks: [(outcome: Outcome, text: String)]
    let tiles: [Tile]
    let sections: [Markup]

    /// The page.
    public var html: String {
        let head: [Markup] = [
            .element("meta", ["charset": "utf-8"]),
            .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
            .element("meta", ["name": "color-scheme", "content": "light dark"]),
            .element("title", text: "\(kind): \(title)"),
            .element("style", [:], [PageStyle.sheet]),
        ]
        let page = Markup.element(
            "html",
            ["lang": "en"],
            [
                .element("head", [:], head),
                .element(
                    "body",
                    [:],
                    [.element("main", [:], [header, verdict, tileList] + sections), PageScript.element]
                ),
            ]
        )
        return "<!DOCTYPE html>\n\(page.source)\n"
    }

    private var header: Markup {
        .element(
            "header",
            [:],
            [.element("p", ["class": "kind"], text: kind), .element("h1", text: title), .element("p", text: facts)]
        )
    }

    private var verdict: Markup {
        let lines = remarks.map { remark in
            Markup.element("li", ["class": remark.outcome.rawValue], text: remark.text)
        }
        return .element(
            "section",
            ["class": "verdict \(outcome.rawValue)"],
            [.element("h2", text: headline)] + (lines.isEmpty ? [] : [.element("ul", [:], lines)])
        )
    }

    private var tileList: Markup {
        let list = tiles.map { tile in
            Markup.element("div", [:], [.element("dt", text: tile.label), .element("dd", text: tile.value)])
        }
        return .element("dl", ["class": "tiles"], list)
    }

    /// Tables side by side where there is room.
    static func grid(_ tables: [Markup]) -> Markup {
        .element("div", ["class": "grid"], tables)
    }

    /// Rows as a table with a title: the first column names them, the others are numbers.
    static func table(_ title: String, header: [String], rows: [[String]]) -> Markup {
        let names = Markup.element("tr", [:], header.map { .element("th", ["scope": "col"], text: $0) })
        let head = header.isEmpty ? [] : [Markup.element("thead", [:], [names])]
        let body = rows.map { row in
            let cells = row.enumerated().map { index, cell in
                index == 0
                    ? Markup.element("th", ["scope": "row"], text: cell) : Markup.element("td", text: cell)
            }
            return Markup.element("tr", [:], cells)
        }
        let table = Markup.element("table", [:], head + [.element("tbody", [:], body)])
        return .element("section", [:], [.element("h2", text: title), .element("div", ["class": "scroll"], [table])])
    }
}
