/// What one way of vanishing cost the target.
public struct MatrixCell: Sendable, Equatable, Codable {
    /// How far the connections had come.
    public let point: AbandonPoint
    /// How their clients vanished.
    public let manner: AbandonManner
    /// How many connections came to the point and were abandoned there.
    public let connections: Int
    /// What the target held for them; nil when it could not be read or no connection came to the point.
    public let held: HeldMemory?

    /// What was measured.
    public init(point: AbandonPoint, manner: AbandonManner, connections: Int, held: HeldMemory?) {
        self.point = point
        self.manner = manner
        self.connections = connections
        self.held = held
    }
}
