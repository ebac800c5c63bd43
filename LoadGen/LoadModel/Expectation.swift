/// One thing that was expected of a run, and whether it happened.
public struct Expectation: Sendable, Equatable, Codable {
    /// What was expected, in one word for scripts: `echoed`, `server_returned`.
    public let name: String
    /// Whether it happened.
    public let passed: Bool
    /// What happened, for a reader: `4998 of 5000 connections echoed`.
    public let sentence: String

    /// `name` was expected, and `sentence` says what happened.
    public init(_ name: String, passed: Bool, _ sentence: String) {
        self.name = name
        self.passed = passed
        self.sentence = sentence
    }
}
