/// The middle of some values, and how far they are apart.
public struct MedianSpread: Sendable, Equatable, Codable {
    /// Half of the values are no greater: of an even number of them the mean of the two in the middle.
    public let median: Double
    /// The smallest.
    public let minimum: Double
    /// The greatest.
    public let maximum: Double

    private enum CodingKeys: String, CodingKey {
        case median
        case minimum = "min"
        case maximum = "max"
    }

    /// The spread of `values`; nil when there are none.
    public init?(_ values: [Double]) {
        let sorted = values.sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        minimum = first
        maximum = last
        median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
