/// What an engine measured in one run.
public struct LoadResult: Sendable {
    /// How the connections ended.
    public var outcomes: OutcomeCounts
    /// From a connection's intended start to its completed handshake.
    public var handshake: LatencyRecorder
    /// From a message's first byte sent to its last byte back.
    public var echo: LatencyRecorder
    /// From the first connection's start to the last connection's end.
    public var elapsed: Duration
    /// What the run cost the generator.
    public var generator: GeneratorUsage

    /// The result of a run.
    public init(
        outcomes: OutcomeCounts,
        handshake: LatencyRecorder,
        echo: LatencyRecorder,
        elapsed: Duration,
        generator: GeneratorUsage
    ) {
        self.outcomes = outcomes
        self.handshake = handshake
        self.echo = echo
        self.elapsed = elapsed
        self.generator = generator
    }
}
