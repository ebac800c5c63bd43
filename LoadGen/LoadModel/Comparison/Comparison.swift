/// The same scenario against several targets, as written to JSON and shown as a table.
public struct Comparison: Sendable, Equatable, Codable {
    /// The version of the JSON; raised when a field changes its meaning or goes.
    public static let currentSchemaVersion = 1
    /// How many targets there may be.
    public static let targetsAccepted = 2...16
    /// How many rounds there may be.
    public static let roundsAccepted = 1...1_000

    /// The version of the JSON this comparison was read from.
    public let schemaVersion: Int
    /// What every round did. The application protocol and the server's name may be others for each target.
    public let scenario: LoadScenario
    /// How many rounds each target was to have.
    public let rounds: Int
    /// The targets in the order of the first round.
    public private(set) var targets: [ComparedTarget]

    private enum CodingKeys: String, CodingKey {
        case schemaVersion = "schema_version"
        case scenario
        case rounds
        case targets
    }

    /// A comparison of these targets, with whatever rounds they have.
    ///
    /// - Parameter rounds: How many each of them was to have.
    public init(of scenario: LoadScenario, targets: [ComparedTarget], rounds: Int = 1) {
        schemaVersion = Self.currentSchemaVersion
        self.scenario = scenario
        self.rounds = rounds
        self.targets = targets
    }

    /// Adds a round against the target at `index`.
    mutating func append(_ round: ComparedRound, toTargetAt index: Int) {
        targets[index].append(round)
    }

    /// Whether every target had all its rounds, and everything expected of each happened.
    public var passed: Bool { failures.isEmpty }

    /// What was expected and did not happen, with the target and the round it was expected of.
    public var failures: [String] {
        let missing = targets.filter { $0.rounds.count < rounds }
        return sentences(\.failures) + missing.map { "\($0.name): \($0.rounds.count) of \(rounds) rounds were run" }
    }

    /// Why the generator may have been what limited a round, with the target and the round.
    public var warnings: [String] { sentences(\.warnings) }

    private func sentences(_ part: (ComparedRound) -> [String]) -> [String] {
        targets.flatMap { target in
            target.rounds.enumerated().flatMap { index, round in
                part(round).map { "\(target.name), round \(index + 1): \($0)" }
            }
        }
    }
}
