/// What one way of vanishing cost the target.
public struct MatrixCell: Sendable, Equatable, Codable {
    /// Why a cell has no figure to rely on.
    public enum Gap: String, Sendable, Codable {
        /// The application protocol has no messages that are known.
        case notApplicable = "not applicable"
        /// No connection came to the point: ``MatrixCell/failures`` says why.
        case notReached = "not reached"
        /// The target could not be read.
        case notRead = "not read"
        /// What was held for all connections together is less than pages come and go by anyway.
        case belowNoise = "below noise"
    }

    /// How far the connections had come.
    public let point: AbandonPoint
    /// How their clients vanished.
    public let manner: AbandonManner
    /// How many connections came to the point and were abandoned there.
    public let connections: Int
    /// What the target held for them; nil when it could not be read or no connection came to the point.
    public let held: HeldMemory?
    /// Why ``held`` is missing or means nothing; nil when it is a figure.
    public let gap: Gap?
    /// What the target's RSS grew by for them, where ``held`` is a ledger's; nil when it was not read.
    public let resident: HeldMemory?
    /// What came to the connections that did not come to the point, by outcome, and how often.
    public let failures: [String: Int]

    /// What was measured.
    public init(
        point: AbandonPoint,
        manner: AbandonManner,
        connections: Int,
        held: HeldMemory?,
        gap: Gap? = nil,
        resident: HeldMemory? = nil,
        failures: [String: Int] = [:]
    ) {
        self.point = point
        self.manner = manner
        self.connections = connections
        self.held = held
        self.gap = gap ?? (held != nil ? nil : connections == 0 ? .notReached : .notRead)
        self.resident = resident
        self.failures = failures
    }
}
