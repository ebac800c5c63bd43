/// A text that was given for a value and does not say one.
public struct TextValueError: Error, Equatable, CustomStringConvertible {
    /// The refused text.
    public let text: String
    /// What it was meant to be, with its article: `a duration`.
    public let kind: String
    /// What is accepted.
    public let accepted: String

    /// `text` does not say a value of this kind.
    public init(text: String, kind: String, accepted: String) {
        self.text = text
        self.kind = kind
        self.accepted = accepted
    }

    /// The text, and what is accepted.
    public var description: String {
        "\"\(text)\" is not \(kind): use \(accepted)"
    }

    /// `text` cut into its leading digits, as a number, and what follows them; nil when there are no digits or the
    /// number does not fit.
    static func numberAndUnit(in text: String) -> (number: Int, unit: Substring)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        return Int(digits).map { ($0, text[digits.endIndex...]) }
    }
}
