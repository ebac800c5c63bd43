/// An option whose value does not make sense by itself or beside the others.
package struct SettingsError: Error, Hashable, CustomStringConvertible {
    /// The option with its value, and what is accepted.
    package let description: String

    /// The value is out of range.
    init(option: String, value: String, accepted: String) {
        description = "--\(option) \(value) is not accepted: use \(accepted)"
    }

    /// The values contradict each other; the sentence has the arithmetic.
    init(contradiction: String) {
        description = contradiction
    }

    /// Another option has to be given as well.
    init(option: String, value: String, needs other: String) {
        description = "--\(option) \(value) needs --\(other): give both, or neither for a self-signed certificate"
    }
}
