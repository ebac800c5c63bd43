import TextValues

/// A property of a configuration whose value is out of its range.
public struct RefusedValue: Error, Sendable, Hashable, CustomStringConvertible {
    /// The property, seen from the configuration: `transport.idleTimeout`.
    public let property: String
    /// Its value, as people write it: `9ms`.
    public let value: String
    /// The values that are accepted: `10ms to 24h`.
    public let accepted: String

    package init(property: String, value: String, accepted: String) {
        (self.property, self.value, self.accepted) = (property, value, accepted)
    }

    /// A sentence for people.
    public var description: String { "\(property) \(value) is not accepted: use \(accepted)" }
}

// MARK: - Checks

extension RefusedValue {
    /// - Throws: When there is a `count` that is not `accepted`.
    package static func check(
        _ count: Int?,
        in accepted: ClosedRange<Int>,
        _ property: String
    ) throws(RefusedValue) {
        try check(count, in: accepted, property) { "\($0)" }
    }

    /// - Throws: When there is a `time` that is not `accepted`.
    package static func check(
        _ time: Duration?,
        in accepted: ClosedRange<Duration>,
        _ property: String
    ) throws(RefusedValue) {
        try check(time, in: accepted, property, DurationText.format)
    }

    private static func check<Value>(
        _ value: Value?,
        in accepted: ClosedRange<Value>,
        _ property: String,
        _ text: (Value) -> String
    ) throws(RefusedValue) {
        guard let value, !accepted.contains(value) else { return }
        let range = "\(text(accepted.lowerBound)) to \(text(accepted.upperBound))"
        throw RefusedValue(property: property, value: text(value), accepted: range)
    }

    /// - Throws: When `bytes` are not `accepted`.
    static func check(
        bytes: Int,
        in accepted: ClosedRange<Int>,
        _ property: String
    ) throws(RefusedValue) {
        guard !accepted.contains(bytes) else { return }
        throw RefusedValue(property: property, value: ByteCountText.format(bytes), accepted: text(bytes: accepted))
    }

    static func text(bytes: ClosedRange<Int>) -> String {
        "\(ByteCountText.format(bytes.lowerBound)) to \(ByteCountText.format(bytes.upperBound))"
    }
}
