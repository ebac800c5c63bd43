/// How far a herd may grow at the moment. In other modes every connection may begin at any time.
struct HerdPhase: Equatable, Sendable {
    /// The first connection of the step.
    var first = 0
    /// How many connections may begin, those of earlier steps included.
    var limit = Int.max
    /// When the step began, since the start of the run.
    var openedAt = Duration.zero
    /// Whether every step was measured: the herd may go.
    var isOver = false
}
