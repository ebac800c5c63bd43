/// What a connection of a server with the shipped defaults holds in each state, what it may hold, and how long it takes to
/// give it back: `docs/memory-contract.json`.
package struct ContractDocument: Hashable, Sendable, Codable {
    /// The version of the JSON; raised when a field changes its meaning or goes.
    package static let currentSchemaVersion = 1

    /// The version of the JSON this document was read from.
    package var schemaVersion: Int
    /// What the figures were measured with.
    package var measuredWith: ContractEnvironment
    /// How many connections each state was measured with, one after the other and each alone on its server.
    package var sampleCount: Int
    /// The limits.
    package var caps: ContractCaps
    /// How far a new measurement may be from these figures.
    package var tolerances: ContractTolerances
    /// What a connection holds, state by state.
    package var states: [StateFigures]
    /// How long it takes until nothing is left of it, end by end.
    package var returnTimes: [ReturnFigures]
    /// What a whole process takes for it; nil in a measurement in virtual time only.
    package var resident: ResidentFigures?

    private enum CodingKeys: String, CodingKey {
        case schemaVersion = "schema_version"
        case measuredWith = "measured_with"
        case sampleCount = "sample_count"
        case caps
        case tolerances
        case states
        case returnTimes = "return_times"
        case resident
    }

    /// The figures of one state.
    package subscript(state: ContractState) -> StateFigures? {
        states.first { $0.state == state.rawValue }
    }
}
