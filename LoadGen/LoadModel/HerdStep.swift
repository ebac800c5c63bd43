/// One step of a growing herd, measured once it had settled.
public struct HerdStep: Sendable, Equatable, Codable {
    /// How many connections had begun.
    public var connections: Int
    /// How many of them were open.
    public var open: Int
    /// How many of them had failed.
    public var failed: Int
    /// When it was measured, since the start of the run.
    public var elapsedSeconds: Double
    /// The generator's own resident memory (RSS), in bytes.
    public var generatorResidentBytes: Int
    /// What the target held; nil when it was not asked or did not say.
    public var target: TargetReading?

    private enum CodingKeys: String, CodingKey {
        case connections
        case open
        case failed
        case elapsedSeconds = "elapsed_seconds"
        case generatorResidentBytes = "generator_resident_bytes"
        case target
    }

    /// What was measured.
    public init(
        connections: Int,
        open: Int,
        failed: Int,
        elapsedSeconds: Double,
        generatorResidentBytes: Int,
        target: TargetReading?
    ) {
        self.connections = connections
        self.open = open
        self.failed = failed
        self.elapsedSeconds = elapsedSeconds
        self.generatorResidentBytes = generatorResidentBytes
        self.target = target
    }
}
