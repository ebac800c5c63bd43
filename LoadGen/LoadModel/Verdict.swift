/// What was expected of a run, point by point, and whether all of it happened.
public struct Verdict: Sendable, Equatable, Codable {
    /// Whether everything expected happened.
    public let passed: Bool
    /// Every point.
    public let expectations: [Expectation]

    /// Passes when every expectation did.
    public init(_ expectations: [Expectation]) {
        self.passed = expectations.allSatisfy(\.passed)
        self.expectations = expectations
    }

    /// The points that did not happen.
    public var failures: [Expectation] { expectations.filter { !$0.passed } }
}
