/// What was seen of a target in one of several ways: before a run, at its peak, and after.
///
/// A server's own statistics are a ``ServerObservation``, what the kernel says of its memory a ``MemoryObservation``.
public struct Observation<Reading: Maximizable & Sendable & Equatable & Codable>: Sendable, Equatable, Codable {
    /// The target before the first connection; nil when it could not be read then.
    public internal(set) var before: Reading?
    /// The highest value seen of each number, which need not have been at one moment.
    public internal(set) var peak: Reading?
    /// The target after the last connection; nil when it could not be read then.
    public internal(set) var after: Reading?
    /// How often it was read.
    public internal(set) var sampleCount = 0
    /// How often it could not be.
    public internal(set) var failureCount = 0
    /// Why it could not be, the last time.
    public internal(set) var lastFailure: String?
    /// How long after the run the expectations of the server were met; nil when they were not, or there were none.
    public var returnSeconds: Double?

    private enum CodingKeys: String, CodingKey {
        case before
        case peak
        case after
        case sampleCount = "sample_count"
        case failureCount = "failure_count"
        case lastFailure = "last_failure"
        case returnSeconds = "return_seconds"
    }

    /// Nothing seen yet.
    public init() {}

    /// Records what was read.
    public mutating func record(_ reading: Reading, _ phase: ObservationPhase) {
        sampleCount += 1
        peak?.formMaximum(with: reading)
        peak = peak ?? reading
        note(reading, phase)
    }

    /// Records that the target could not be read, and why.
    public mutating func recordFailure(_ reason: String, _ phase: ObservationPhase) {
        failureCount += 1
        lastFailure = reason
        note(nil, phase)
    }

    private mutating func note(_ reading: Reading?, _ phase: ObservationPhase) {
        switch phase {
        case .before: before = reading
        case .during: break
        // A stale reading says nothing of a target that can no longer be read.
        case .after: after = reading
        }
    }
}

/// When a target was looked at.
public enum ObservationPhase: Sendable {
    /// Before the first connection starts.
    case before
    /// While connections run.
    case during
    /// After the last connection ended.
    case after
}

/// Several numbers of which the highest seen are wanted.
public protocol Maximizable {
    /// Makes each number the higher of its own and the other's.
    mutating func formMaximum(with other: Self)
}

/// What was seen of a server through its admin interface.
public typealias ServerObservation = Observation<ServerSnapshot>

/// What the kernel said of the memory of a target's process or control group.
public typealias MemoryObservation = Observation<MemoryReading>
