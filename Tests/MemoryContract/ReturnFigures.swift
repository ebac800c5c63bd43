/// How long it takes until nothing is left of a connection, in virtual time.
package struct ReturnFigures: Hashable, Sendable, Codable {
    /// Why it ended, in the words of `closed_by_cause`.
    package var cause: String
    /// What the time is counted from.
    package var since: String
    /// The median.
    package var milliseconds: Int
    /// The shortest of the sample.
    package var millisecondsMinimum: Int
    /// The longest of the sample.
    package var millisecondsMaximum: Int
    /// What the code's limits allow on any network.
    package var millisecondsLimit: Int

    private enum CodingKeys: String, CodingKey {
        case cause
        case since
        case milliseconds
        case millisecondsMinimum = "milliseconds_minimum"
        case millisecondsMaximum = "milliseconds_maximum"
        case millisecondsLimit = "milliseconds_limit"
    }

    /// The figures of an end whose `sample` took so many milliseconds.
    init(_ end: ContractEnd, sample: [Int]) {
        let spread = Spread(sample)
        cause = end.rawValue
        since = end.since
        milliseconds = spread.median
        millisecondsMinimum = spread.minimum
        millisecondsMaximum = spread.maximum
        millisecondsLimit = end.millisecondsLimit
    }
}
