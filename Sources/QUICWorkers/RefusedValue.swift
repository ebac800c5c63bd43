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
