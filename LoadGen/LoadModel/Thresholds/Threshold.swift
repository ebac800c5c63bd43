import TextValues

/// Something a report is to be: a figure of it, compared with a value. Written `handshake.p99<50ms`.
public struct Threshold: Sendable {
    /// How a figure is compared.
    public enum Comparator: String, Sendable, CaseIterable {
        /// Less than the value.
        case less = "<"
        /// At most the value.
        case atMost = "<="
        /// More than the value.
        case more = ">"
        /// At least the value.
        case atLeast = ">="
        /// The value itself.
        case equal = "=="

        func holds(_ figure: Double, _ value: Double) -> Bool {
            switch self {
            case .less: figure < value
            case .atMost: figure <= value
            case .more: figure > value
            case .atLeast: figure >= value
            case .equal: figure == value
            }
        }
    }

    /// The figure.
    public let metric: Metric
    /// How it is compared.
    public let comparator: Comparator
    /// What it is compared with, in the unit of the metric's dimension.
    public let value: Double
    /// The threshold as it was written, without white space.
    public let text: String

    /// Whether `report` is as this asks, with the figure it has. A figure that was not measured is not.
    public func expectation(of report: LoadReport) -> Expectation {
        guard let figure = metric.value(in: report) else {
            return Expectation(text, passed: false, "\(text): \(metric.name) was not measured")
        }
        let passed = comparator.holds(figure, value)
        return Expectation(text, passed: passed, "\(text): \(metric.name) is \(metric.dimension.format(figure))")
    }
}

extension Metric.Dimension {
    /// A value for a reader.
    func format(_ value: Double) -> String {
        switch self {
        case .duration: LatencyText.format(microseconds: value)
        case .bytes: ByteCountText.readable(value)
        case .count: DecimalText.format(value, places: 0)
        case .rate: "\(DecimalText.format(value, places: 1))/s"
        }
    }
}
