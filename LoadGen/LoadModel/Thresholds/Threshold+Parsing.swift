extension Threshold {
    /// The threshold that `text` says.
    ///
    /// - Throws: ``ThresholdError`` when it is not a metric, a comparator and a value of the metric's dimension.
    public init(parsing text: String) throws(ThresholdError) {
        let text = text.filter { !$0.isWhitespace }
        let name = text.prefix { !"<>=".contains($0) }
        let rest = text.dropFirst(name.count)
        let symbol = rest.prefix { "<>=".contains($0) }
        guard !name.isEmpty, let comparator = Comparator(rawValue: String(symbol)) else { throw .notAThreshold(text) }
        guard let metric = Metric.named(String(name)) else { throw .unknownMetric(String(name)) }
        let valueText = String(rest.dropFirst(symbol.count))
        guard let value = metric.dimension.value(of: valueText) else { throw .notAValue(valueText, of: metric) }
        self.metric = metric
        self.comparator = comparator
        self.value = value
        self.text = text
    }
}

extension Metric.Dimension {
    /// The units a value may be written in, each with what it is in the dimension's own.
    private var units: [(name: String, factor: Double)] {
        switch self {
        case .duration: [("us", 1), ("µs", 1), ("ms", 1e3), ("s", 1e6), ("m", 60e6), ("h", 3_600e6)]
        case .bytes: [("", 1), ("B", 1), ("KiB", 0x1p10), ("MiB", 0x1p20), ("GiB", 0x1p30)]
        case .count: [("", 1)]
        case .rate: [("", 1), ("/s", 1)]
        }
    }

    /// The value that `text` says; nil when it says none.
    func value(of text: String) -> Double? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(digits.count)
        guard let number = Double(digits), let factor = units.first(where: { $0.name == unit })?.factor else {
            // Zero needs no unit.
            return Double(digits) == 0 && unit.isEmpty ? 0 : nil
        }
        if self == .count, number != number.rounded() { return nil }
        // What has no exact binary fraction is meant as it is written: 98.047 ms are 98,047 µs.
        return (number * factor * 1_000).rounded() / 1_000
    }

    /// What a value is, with its article, and how it is written.
    var usage: (kind: String, accepted: String) {
        switch self {
        case .duration: ("a duration", "a number with us, ms, s, m or h, such as 50ms")
        case .bytes: ("a number of bytes", "a number, alone or with KiB, MiB or GiB, such as 32KiB")
        case .count: ("a count", "a whole number, such as 0")
        case .rate: ("a rate", "a number per second, such as 1000/s")
        }
    }
}
