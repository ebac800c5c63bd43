/// A text that is no threshold.
public enum ThresholdError: Error, CustomStringConvertible {
    /// It does not have a metric and a comparator.
    case notAThreshold(String)
    /// There is no metric of this name.
    case unknownMetric(String)
    /// This is not a value of the metric's dimension.
    case notAValue(String, of: Metric)

    /// What is wrong, and what is accepted.
    public var description: String {
        switch self {
        case .notAThreshold(let text):
            return """
                "\(text)" is not a threshold: use a metric, one of < <= > >= ==, and a value, \
                such as handshake.p99<50ms or failed==0
                """
        case .unknownMetric(let name):
            if let nearest = Self.nearest(to: name) { return "\(name) is not a metric: did you mean \(nearest)?" }
            return "\(name) is not a metric. There are: \(Metric.all.map(\.name).joined(separator: ", "))"
        case .notAValue(let text, let metric):
            let (kind, accepted) = metric.dimension.usage
            return "\"\(text)\" is not \(kind): \(metric.name) is compared with \(accepted)"
        }
    }

    /// The metric whose name is most like `name`; nil when none is much like it.
    static func nearest(to name: String) -> String? {
        let distances = Metric.all.map { ($0.name, EditDistance.between(name, $0.name)) }
        guard let nearest = distances.min(by: { $0.1 < $1.1 }) else { return nil }
        return nearest.1 <= max(2, name.count / 3) ? nearest.0 : nil
    }
}
