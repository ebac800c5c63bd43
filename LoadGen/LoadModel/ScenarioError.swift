/// A value of a scenario that is not accepted.
public struct ScenarioError: Error, Equatable, CustomStringConvertible {
    /// The value's name: that of the command line option that sets it, without dashes.
    public let name: String
    /// The refused value, as text.
    public let value: String
    /// What is accepted instead.
    public let accepted: String

    /// `value` was refused as the scenario's `name`.
    public init(name: String, value: String, accepted: String) {
        self.name = name
        self.value = value
        self.accepted = accepted
    }

    /// The value's name, the value, and what is accepted.
    public var description: String {
        "\(name) \(value) is not accepted: use \(accepted)"
    }
}
