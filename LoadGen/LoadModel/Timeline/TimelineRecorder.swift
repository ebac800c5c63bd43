/// Collects the samples of a run of any length in bounded memory.
///
/// Owns: at most ``capacity`` samples, about 200 bytes each. Released by: its own end. Bound: once it is full, every
/// second sample goes and the interval doubles.
public struct TimelineRecorder: Sendable {
    /// The most samples there ever are.
    public static let capacity = 3_600

    /// The samples so far, in the order of time.
    public private(set) var samples: [TimelineSample] = []
    /// How far apart samples are meant to be.
    public private(set) var interval: Duration

    /// Nothing yet; a sample is due every `interval` at first.
    public init(interval: Duration = .seconds(1)) {
        self.interval = interval
    }

    /// Adds a sample, and drops every second one first when there are as many as there may be.
    public mutating func append(_ sample: TimelineSample) {
        if samples.count == Self.capacity {
            // The later of two stays: it ends where an interval of double length does.
            samples = samples.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
            interval *= 2
        }
        samples.append(sample)
    }

    /// The samples as a report has them.
    public var timeline: Timeline { Timeline(samples) }
}
