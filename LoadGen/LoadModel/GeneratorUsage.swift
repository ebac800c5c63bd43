/// What the run cost the load generator itself, and what it still holds.
public struct GeneratorUsage: Sendable, Equatable, Codable {
    /// Processor time used, user and system, in seconds.
    public let cpuSeconds: Double
    /// The most memory the process had resident, in bytes.
    public let peakResidentBytes: Int
    /// Bytes its own ledger still counts after the run; 0 unless the generator leaks.
    public let heldBytes: Int
    /// Connections it still has after the run; 0 unless the generator leaks.
    public let liveConnections: Int

    private enum CodingKeys: String, CodingKey {
        case cpuSeconds = "cpu_seconds"
        case peakResidentBytes = "peak_resident_bytes"
        case heldBytes = "held_bytes"
        case liveConnections = "live_connections"
    }

    /// What was measured after a run.
    public init(cpuSeconds: Double, peakResidentBytes: Int, heldBytes: Int, liveConnections: Int) {
        self.cpuSeconds = cpuSeconds
        self.peakResidentBytes = peakResidentBytes
        self.heldBytes = heldBytes
        self.liveConnections = liveConnections
    }
}
