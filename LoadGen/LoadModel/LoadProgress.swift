/// Where a run stands at one moment.
public struct LoadProgress: Sendable, Equatable {
    /// Connections whose intended start has come.
    public var scheduled: Int
    /// Connections in their handshake now.
    public var dialing: Int
    /// Handshakes completed so far.
    public var established: Int
    /// Connections held open now.
    public var holding: Int
    /// Connections that have ended and whose record still answers late packets.
    public var closing: Int
    /// Connections that have completed.
    public var finished: Int
    /// Connections that have ended in any other way.
    public var failed: Int
    /// How long the run has been going.
    public var elapsed: Duration
    /// Handshakes completed per second, lately.
    public var handshakesPerSecond: Double
    /// What the latest interval of the time line showed; nil before its first.
    public var sample: TimelineSample?

    /// The start of a run, unless told otherwise.
    public init(
        scheduled: Int = 0,
        dialing: Int = 0,
        established: Int = 0,
        holding: Int = 0,
        closing: Int = 0,
        finished: Int = 0,
        failed: Int = 0,
        elapsed: Duration = .zero,
        handshakesPerSecond: Double = 0,
        sample: TimelineSample? = nil
    ) {
        self.scheduled = scheduled
        self.dialing = dialing
        self.established = established
        self.holding = holding
        self.closing = closing
        self.finished = finished
        self.failed = failed
        self.elapsed = elapsed
        self.handshakesPerSecond = handshakesPerSecond
        self.sample = sample
    }
}
