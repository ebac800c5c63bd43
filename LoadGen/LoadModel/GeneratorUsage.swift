/// What the run cost the load generator itself, where it fell behind, and what it still holds.
public struct GeneratorUsage: Sendable, Equatable, Codable {
    /// A connection that begins later than this after its intended start is a late one.
    public static let lateStartLimit = Duration.milliseconds(10)

    /// Processor time used, user and system, in seconds.
    public var cpuSeconds = 0.0
    /// The share of one core that the busiest worker used, 0 to 1.
    public var busiestWorkerShare = 0.0
    /// The most memory the process had resident, in bytes.
    public var peakResidentBytes = 0
    /// Connections of an open loop that began more than ``lateStartLimit`` late.
    public var lateStarts = 0
    /// Datagrams the kernel dropped because a socket's receive queue was full.
    public var receiveOverflows = 0
    /// Datagrams that could not be sent because a socket's send queue was full.
    public var sendOverflows = 0
    /// Datagrams that the network, the target or the routing did not take.
    public var sendErrors = 0
    /// Bytes its own ledger still counts after the run; 0 unless the generator leaks.
    public var heldBytes = 0
    /// Connections it still has after the run; 0 unless the generator leaks.
    public var liveConnections = 0
    /// Deadlines and connection IDs it still has after the run; 0 unless the generator leaks.
    public var liveEntries = 0
    /// By how many bytes its heap grew over the run, the histograms of this report apart.
    public var heapGrowthBytes = 0
    /// What was open before the run and after it; nil when that was not counted.
    public var descriptors: Change?
    /// The threads that carry runs out, before the run and after it; nil when that was not counted.
    public var threads: Change?

    /// A count before and after.
    public struct Change: Sendable, Equatable, Codable {
        /// Before the run.
        public var before: Int
        /// After the run.
        public var after: Int

        /// A count before and after.
        public init(before: Int, after: Int) {
            self.before = before
            self.after = after
        }
    }

    private enum CodingKeys: String, CodingKey {
        case cpuSeconds = "cpu_seconds"
        case busiestWorkerShare = "busiest_worker_share"
        case peakResidentBytes = "peak_resident_bytes"
        case lateStarts = "late_starts"
        case receiveOverflows = "receive_overflows"
        case sendOverflows = "send_overflows"
        case sendErrors = "send_errors"
        case heldBytes = "held_bytes"
        case liveConnections = "live_connections"
        case liveEntries = "live_entries"
        case heapGrowthBytes = "heap_growth_bytes"
        case descriptors
        case threads
    }

    /// Nothing used.
    public init() {}

    /// What was measured after a run, the rest as if nothing had been used.
    public init(cpuSeconds: Double, peakResidentBytes: Int, heldBytes: Int, liveConnections: Int) {
        self.cpuSeconds = cpuSeconds
        self.peakResidentBytes = peakResidentBytes
        self.heldBytes = heldBytes
        self.liveConnections = liveConnections
    }

    /// Notes what was open before and after; nothing where that is not known.
    mutating func note(_ before: ProcessState, after: ProcessState?) {
        guard let after else { return }
        descriptors = Change(before: before.descriptors, after: after.descriptors)
        threads = Change(before: before.workerThreads, after: after.workerThreads)
    }
}
