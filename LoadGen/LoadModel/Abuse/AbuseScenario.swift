/// One attack: what it does, what it stands for, what stops it, and what has to come of it.
public struct AbuseScenario: Sendable, Equatable {
    /// What it is called.
    public let name: AbuseName
    /// What the attacker does, in a few words.
    public let attack: String
    /// Where it was seen or is described.
    public let reference: String
    /// What stops it.
    public let defence: String
    /// What has to come of it.
    public let expectation: AbuseExpectation
}

extension AbuseScenario {
    /// Every attack, in the order of ``AbuseName``.
    public static let all = AbuseName.allCases.map(\.scenario)
}

extension AbuseName {
    /// What the attack does and has to lead to.
    public var scenario: AbuseScenario {
        handshakeScenario ?? streamScenario ?? grownWindowScenario ?? connectionScenario ?? statelessScenario
    }

    func scenario(
        _ attack: String,
        _ reference: String,
        stoppedBy defence: String,
        _ expectation: AbuseExpectation
    ) -> AbuseScenario {
        AbuseScenario(name: self, attack: attack, reference: reference, defence: defence, expectation: expectation)
    }
}
