/// Carries one scenario out against several targets in turn, so that whatever changes on the machine meanwhile changes
/// for all of them.
public struct ComparisonRun: Sendable {
    /// One of the targets, and how a round against it is run.
    public struct Target: Sendable {
        let target: ComparedTarget
        let run: @Sendable (_ seed: UInt64) async throws -> ComparedRound

        /// - Parameters:
        ///   - target: Without rounds.
        ///   - run: Runs one round with random values from `seed`; ends early in a cancelled task.
        public init(_ target: ComparedTarget, run: @escaping @Sendable (_ seed: UInt64) async throws -> ComparedRound) {
            self.target = target
            self.run = run
        }
    }

    /// One round against one target.
    public struct Turn: Sendable, Equatable {
        /// Counted from 0.
        public let round: Int
        /// Counted from 0.
        public let target: Int
    }

    private let scenario: LoadScenario
    private let targets: [Target]
    private let rounds: Int

    /// A comparison that has not begun.
    public init(of scenario: LoadScenario, targets: [Target], rounds: Int) {
        self.scenario = scenario
        self.targets = targets
        self.rounds = rounds
    }

    /// Every round against every target: A B C A B C, and so on.
    static func turns(targets: Int, rounds: Int) -> [Turn] {
        (0..<rounds).flatMap { round in (0..<targets).map { Turn(round: round, target: $0) } }
    }

    /// Runs every round. A cancelled task ends that early, and the comparison is of the rounds that were whole until
    /// then: the one that it cuts short is not like the others.
    ///
    /// - Throws: What keeps a round from being run.
    public func comparison(onTurn: @Sendable (Turn) -> Void) async throws -> Comparison {
        var comparison = Comparison(of: scenario, targets: targets.map(\.target), rounds: rounds)
        for turn in Self.turns(targets: targets.count, rounds: rounds) where !Task.isCancelled {
            onTurn(turn)
            // The same for all targets, another for each round.
            let round = try await targets[turn.target].run(scenario.seed &+ UInt64(turn.round))
            guard !Task.isCancelled else { break }
            comparison.append(round, toTargetAt: turn.target)
        }
        return comparison
    }
}
