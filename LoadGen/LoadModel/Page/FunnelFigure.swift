import TextValues

/// A funnel as a table with a bar in each row: the bars are the data.
struct FunnelFigure: Sendable {
    let funnel: ConnectionFunnel

    /// The figure.
    var markup: Markup {
        let steps = funnel.steps
        let rows = steps.enumerated().map { index, step in
            Markup.element(
                "tr",
                [:],
                [
                    .element("th", ["scope": "row"], text: step.title),
                    .element("td", ["class": "bar"], [bar(step.count)]),
                    .element("td", text: CountText.grouped(step.count)),
                    .element("td", text: "\(DecimalText.format(share(step.count) * 100, places: 1)) %"),
                    .element("td", text: index == 0 ? "" : lost(from: steps[index - 1].count, to: step.count)),
                ]
            )
        }
        return .element(
            "section",
            [:],
            [
                .element("h2", text: "How far connections came"),
                .element("table", ["class": "funnel"], [.element("tbody", [:], rows)]),
            ]
        )
    }

    private func share(_ count: Int) -> Double {
        funnel.scheduled > 0 ? Double(count) / Double(funnel.scheduled) : 0
    }

    private func lost(from count: Int, to next: Int) -> String {
        next < count ? "\(CountText.grouped(count - next)) lost" : "none lost"
    }

    private func bar(_ count: Int) -> Markup {
        let width = DecimalText.format(min(share(count), 1) * 100, places: 2)
        return .element("span", ["style": "width:\(width)%"], [.text("")])
    }
}
