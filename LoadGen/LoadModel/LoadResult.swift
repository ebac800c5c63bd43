/// What an engine measured in one run.
public struct LoadResult: Sendable {
    /// How the connections ended.
    public var outcomes: OutcomeCounts
    /// From a connection's intended start to its completed handshake.
    public var handshake: LatencyRecorder
    /// From a connection's actual start to its completed handshake.
    public var handshakeFromStart = LatencyRecorder()
    /// From a connection's intended start to the end of its first answer.
    public var firstAnswer = LatencyRecorder()
    /// From a message's first byte sent to its last byte back.
    public var echo: LatencyRecorder
    /// From a connection's intended start to its actual start, in an open loop.
    public var startDelay = LatencyRecorder()
    /// What the connections did beside opening and closing.
    public var traffic = TrafficCounts()
    /// When the run began, in seconds since 1970 (UTC); nil when that is not known.
    public var startUnixSeconds: Double?
    /// From the first connection's start to the last connection's end.
    public var elapsed: Duration
    /// What happened when.
    public var timeline: Timeline?
    /// The steps of a herd; none in other modes.
    public var steps: [HerdStep] = []
    /// What the run cost the generator.
    public var generator: GeneratorUsage

    /// The result of a run, without what is set apart.
    public init(
        outcomes: OutcomeCounts = OutcomeCounts(),
        handshake: LatencyRecorder = LatencyRecorder(),
        echo: LatencyRecorder = LatencyRecorder(),
        elapsed: Duration = .zero,
        generator: GeneratorUsage = GeneratorUsage()
    ) {
        self.outcomes = outcomes
        self.handshake = handshake
        self.echo = echo
        self.elapsed = elapsed
        self.generator = generator
    }
}

extension LoadResult {
    /// The bytes of all its histograms.
    public var histogramBytes: Int {
        [handshake, handshakeFromStart, firstAnswer, echo, startDelay].reduce(0) { $0 + $1.allocatedBytes }
    }
}
