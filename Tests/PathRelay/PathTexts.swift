import TextValues

/// Bit rates as people write them: `500kbit`, `100Mbit`, `1Gbit`, for so many bits a second.
package enum BitRateText {
    private static let units: [(name: String, bits: Int)] = [
        ("Gbit", 1_000_000_000), ("Mbit", 1_000_000), ("kbit", 1_000),
    ]

    /// The bits a second that `text` says.
    package static func parse(_ text: String) throws(TextValueError) -> Int {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), let unit = units.first(where: { $0.name == text[digits.endIndex...] }),
            case (let bits, false) = number.multipliedReportingOverflow(by: unit.bits)
        else {
            let accepted = "a whole number with kbit, Mbit or Gbit, such as 100Mbit"
            throw TextValueError(text: text, kind: "a rate", accepted: accepted)
        }
        return bits
    }

    /// `bits` a second in the largest unit that needs no fraction, as ``parse(_:)`` reads it.
    package static func format(_ bits: Int) -> String {
        guard let unit = units.first(where: { bits != 0 && bits.isMultiple(of: $0.bits) }) else { return "\(bits)bit" }
        return "\(bits / unit.bits)\(unit.name)"
    }
}

/// Shares as people write them: `1%`, `0.5%`.
package enum ShareText {
    /// The share that `text` says, 1 for all. It may be more.
    package static func parse(_ text: String) throws(TextValueError) -> Double {
        let number = text.dropLast()
        guard text.hasSuffix("%"), number.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }),
            let percent = Double(number)
        else {
            throw TextValueError(text: text, kind: "a share", accepted: "a number with %, such as 1% or 0.5%")
        }
        return percent / 100
    }

    /// `share` in percent, as ``parse(_:)`` reads it.
    package static func format(_ share: Double) -> String {
        let percent = (share * 1e8).rounded() / 1e6
        return percent == percent.rounded() && percent < 1e9 ? "\(Int(percent))%" : "\(percent)%"
    }
}

/// Periods as people write them: `2s..2500ms`.
package enum PeriodText {
    /// The period that `text` says; its end is not part of it.
    package static func parse(_ text: String) throws(TextValueError) -> Range<Duration> {
        let accepted = "FROM..TO with FROM before TO, such as 2s..2500ms"
        guard let (from, to) = parts(of: text) else {
            throw TextValueError(text: text, kind: "a period", accepted: accepted)
        }
        let start = try DurationText.parse(from)
        let end = try DurationText.parse(to)
        guard start < end else { throw TextValueError(text: text, kind: "a period", accepted: accepted) }
        return start..<end
    }

    private static func parts(of text: String) -> (from: String, to: String)? {
        guard let dot = text.firstIndex(of: ".") else { return nil }
        let rest = text[dot...]
        guard rest.hasPrefix("..") else { return nil }
        return (String(text[..<dot]), String(rest.dropFirst(2)))
    }
}
