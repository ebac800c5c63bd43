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
        guard let count, !accepted.contains(count) else { return }
        let text = "\(accepted.lowerBound) to \(accepted.upperBound)"
        throw RefusedValue(property: property, value: "\(count)", accepted: text)
    }

    /// - Throws: When there is a `time` that is not `accepted`.
    package static func check(
        _ time: Duration?,
        in accepted: ClosedRange<Duration>,
        _ property: String
    ) throws(RefusedValue) {
        guard let time, !accepted.contains(time) else { return }
        let text = "\(DurationText.format(accepted.lowerBound)) to \(DurationText.format(accepted.upperBound))"
        throw RefusedValue(property: property, value: DurationText.format(time), accepted: text)
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
