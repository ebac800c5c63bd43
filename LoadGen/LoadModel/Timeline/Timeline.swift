/// The samples of a run, in the order of time.
public struct Timeline: Sendable, Equatable {
    /// The samples.
    public private(set) var samples: [TimelineSample]

    /// The samples of a run, brought into the order of time.
    public init(_ samples: [TimelineSample] = []) {
        self.samples = samples.sorted { $0.seconds < $1.seconds }
    }

    /// Appends a sample; one from before the last is left out, as time does not run backwards.
    public mutating func append(_ sample: TimelineSample) {
        if let last = samples.last, sample.seconds < last.seconds { return }
        samples.append(sample)
    }

    /// The timelines of several generators as one: connections and rates added, the target's memory the most that any
    /// saw.
    ///
    /// Whenever one of them has a sample, the others count with their last before it: from then on until the next they
    /// are taken to stand still. What a generator held at its end it holds no longer. Percentiles of one interval cannot
    /// be added, and are left out.
    ///
    /// - Parameter parts: Each timeline with the seconds between the start of all and its own.
    public init(merging parts: [(offset: Double, timeline: Timeline)]) {
        let moments = Set(parts.flatMap { part in part.timeline.samples.map { $0.seconds + part.offset } }).sorted()
        var next = parts.map { _ in 0 }
        samples = []
        for moment in moments {
            var sum = TimelineSample(seconds: moment)
            for (index, part) in parts.enumerated() {
                let samples = part.timeline.samples
                while next[index] < samples.count, samples[next[index]].seconds + part.offset <= moment {
                    next[index] += 1
                }
                guard next[index] > 0 else { continue }
                let hasEnded = next[index] == samples.count && samples[next[index] - 1].seconds + part.offset < moment
                sum.add(samples[next[index] - 1], hasEnded: hasEnded)
            }
            samples.append(sum)
        }
    }
}

extension Timeline: Codable {
    /// Reads samples.
    public init(from decoder: any Decoder) throws {
        self.init(try [TimelineSample](from: decoder))
    }

    /// Writes the samples.
    public func encode(to encoder: any Encoder) throws {
        try samples.encode(to: encoder)
    }
}

extension TimelineSample {
    /// Adds another generator's sample; of one that has ended, only what it did.
    fileprivate mutating func add(_ other: TimelineSample, hasEnded: Bool) {
        completed += other.completed
        failed += other.failed
        guard !hasEnded else { return }
        handshaking += other.handshaking
        established += other.established
        closing += other.closing
        handshakesPerSecond += other.handshakesPerSecond
        echoesPerSecond += other.echoesPerSecond
        residentBytes = Self.highest(residentBytes, other.residentBytes)
        ledgerBytes = Self.highest(ledgerBytes, other.ledgerBytes)
    }

    private static func highest(_ first: Int?, _ second: Int?) -> Int? {
        guard let first, let second else { return first ?? second }
        return max(first, second)
    }
}
