import TextValues

/// One plot: two axes, a grid, and what is drawn into it. All in the units of the figure's view box.
struct PlotPanel: Sendable {
    /// The width of every figure's view box.
    static let width = 960.0
    /// Where every plot begins and ends from left to right: beside the labels of its ticks.
    static let horizontal = (start: 76.0, end: 926.0)

    let horizontal: Axis
    let vertical: Axis

    /// The grid, the labels of the vertical ticks, and of the horizontal ones where this is the lowest panel of its
    /// figure.
    func grid(title: String?, showsHorizontalLabels: Bool) -> [Markup] {
        let (left, right) = Self.horizontal
        let (bottom, top) = vertical.places
        var grid: [Markup] = []
        for tick in vertical.ticks {
            let y = vertical.place(tick.value)
            grid.append(Self.rule((left, y), (right, y)))
            grid.append(Self.label(tick.label, left - 8, y + 4, anchor: "end"))
        }
        for tick in horizontal.ticks {
            let x = horizontal.place(tick.value)
            grid.append(Self.rule((x, bottom), (x, bottom + 5)))
            if showsHorizontalLabels { grid.append(Self.label(tick.label, x, bottom + 20, anchor: "middle")) }
        }
        if let title {
            grid.append(
                .element("text", ["class": "panel", "x": Self.number(left), "y": Self.number(top - 9)], text: title)
            )
        }
        return grid
    }

    /// What the horizontal axis measures, below the labels of its ticks.
    func horizontalTitle(_ text: String) -> Markup {
        Self.label(
            text,
            (Self.horizontal.start + Self.horizontal.end) / 2,
            vertical.places.start + 40,
            anchor: "middle"
        )
    }

    /// A line through `points`.
    func line(_ points: [(x: Double, y: Double)], _ style: String) -> Markup {
        .element("path", ["class": "line \(style)", "d": path(points)])
    }

    /// The area between two lines over the same places.
    func area(_ upper: [(x: Double, y: Double)], above lower: [(x: Double, y: Double)], _ style: String) -> Markup {
        let outline = path(upper) + path(lower.reversed()).replacing("M", with: "L") + "Z"
        return .element("path", ["class": "area \(style)", "d": outline])
    }

    /// A dot.
    func dot(_ x: Double, _ y: Double, _ style: String, radius: Double = 4.5) -> Markup {
        let (cx, cy) = (Self.number(horizontal.place(x)), Self.number(vertical.place(y)))
        return .element("circle", ["class": "dot \(style)", "cx": cx, "cy": cy, "r": Self.number(radius)])
    }

    /// A remark at the upper right.
    func remark(_ text: String) -> Markup {
        let (x, y) = (Self.number(Self.horizontal.end), Self.number(vertical.places.end - 9))
        return .element("text", ["class": "remark", "x": x, "y": y, "text-anchor": "end"], text: text)
    }

    private func path(_ points: [(x: Double, y: Double)]) -> String {
        let places = points.map { "\(Self.number(horizontal.place($0.x))) \(Self.number(vertical.place($0.y)))" }
        return places.isEmpty ? "" : "M" + places.joined(separator: "L")
    }

    private static func rule(_ start: (Double, Double), _ end: (Double, Double)) -> Markup {
        .element(
            "line",
            [
                "class": "rule", "x1": number(start.0), "y1": number(start.1), "x2": number(end.0),
                "y2": number(end.1),
            ]
        )
    }

    private static func label(_ text: String, _ x: Double, _ y: Double, anchor: String) -> Markup {
        .element("text", ["x": number(x), "y": number(y), "text-anchor": anchor], text: text)
    }

    /// A place, to a tenth: nobody sees more, and long runs stay small.
    static func number(_ value: Double) -> String {
        let text = DecimalText.format(value, places: 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
