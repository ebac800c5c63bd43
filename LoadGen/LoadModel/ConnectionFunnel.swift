/// How many connections of a run came how far.
public struct ConnectionFunnel: Sendable, Equatable, Codable {
    /// Connections that were meant to start.
    public let scheduled: Int
    /// Connections the server sent anything to; nil where that was not counted.
    public let answered: Int?
    /// Connections whose handshake was completed.
    public let established: Int
    /// Connections that received the answer to their first message; nil where they were to send none.
    public let used: Int?
    /// Connections that were closed as their mode asks.
    public let closed: Int
    /// Connections that were abandoned as their mode asks.
    public let abandoned: Int

    /// The steps that were counted, in their order, with their titles.
    var steps: [(title: String, count: Int)] {
        var steps = [("scheduled", scheduled)]
        if let answered { steps.append(("first reply", answered)) }
        steps.append(("established", established))
        if let used { steps.append(("used", used)) }
        if closed > 0 || abandoned == 0 { steps.append(("closed", closed)) }
        if abandoned > 0 { steps.append(("abandoned", abandoned)) }
        return steps
    }
}

extension LoadReport {
    /// How many connections came how far.
    public var funnel: ConnectionFunnel {
        ConnectionFunnel(
            scheduled: scenario.connectionsExpected(begun: outcomes.scheduled),
            answered: outcomes.answered,
            established: outcomes.established,
            used: scenario.expectsEcho ? outcomes.used : nil,
            closed: outcomes.closed,
            abandoned: outcomes.abandoned
        )
    }
}
