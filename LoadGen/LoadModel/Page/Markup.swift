/// A piece of HTML or SVG. Text becomes part of it only escaped, names of elements and attributes only as literals.
///
/// Every element is closed and every attribute quoted, so that a page is well-formed XML too.
struct Markup: Sendable, Equatable {
    /// The source of the piece.
    let source: String

    /// Text, escaped. What no document may contain, control characters, is left out.
    static func text(_ text: String) -> Markup { Markup(source: escaped(text)) }

    /// A source that is part of this program, such as a style sheet.
    static func constant(_ source: StaticString) -> Markup { Markup(source: "\(source)") }

    /// An element with its attributes and what is inside of it.
    static func element(
        _ name: StaticString,
        _ attributes: KeyValuePairs<StaticString, String> = [:],
        _ children: [Markup] = []
    ) -> Markup {
        let list = attributes.map { " \($0.0)=\"\(escaped($0.1))\"" }.joined()
        guard !children.isEmpty || !isVoid("\(name)") else { return Markup(source: "<\(name)\(list)/>") }
        return Markup(source: "<\(name)\(list)>\(children.map(\.source).joined())</\(name)>")
    }

    /// An element with text alone.
    static func element(
        _ name: StaticString,
        _ attributes: KeyValuePairs<StaticString, String> = [:],
        text: String
    ) -> Markup {
        element(name, attributes, [.text(text)])
    }

    /// Whether an element of this name never has anything inside, in HTML or as it is used here in SVG.
    private static func isVoid(_ name: String) -> Bool {
        ["meta", "line", "path", "rect", "circle", "polyline"].contains(name)
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "\t", "\n", "\r": escaped.unicodeScalars.append(scalar)
            case "\u{0}"..<" ", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": break
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
