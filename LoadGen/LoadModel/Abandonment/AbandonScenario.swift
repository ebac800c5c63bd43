/// One cell of an abandon matrix as a task: connections that are all abandoned at one point in one manner.
public struct AbandonScenario: Sendable, Equatable {
    /// How far each connection comes.
    public let point: AbandonPoint
    /// How its client vanishes there.
    public let manner: AbandonManner
    /// How many connections there are, how they begin, and what they offer. Its mode, its messages and its holds mean
    /// nothing here.
    public let load: LoadScenario

    /// Connections of `load`, abandoned.
    public init(point: AbandonPoint, manner: AbandonManner, load: LoadScenario) {
        self.point = point
        self.manner = manner
        self.load = load
    }
}
