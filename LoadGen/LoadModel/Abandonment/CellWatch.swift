/// What a target held after the connections of one cell vanished, and when it is done with them.
struct CellWatch {
    /// How long memory must have been back, where no counters say that it is.
    static let quietTime = Duration.seconds(1)

    /// How the target's memory is measured.
    let measure: MemoryMeasure
    private let baseline: MemoryReading
    /// No whole readings: a ledger has many classes, and there are hundreds of samples.
    private var samples: [(elapsed: Duration, bytes: [MemoryMeasure: Int])] = []
    private var returnedAt: Duration?

    /// - Parameter baseline: The target before the cell.
    init(measure: MemoryMeasure, baseline: MemoryReading) {
        self.measure = measure
        self.baseline = baseline
    }

    /// Notes what was read `elapsed` after the clients vanished, and says whether the target is done with them.
    mutating func isDone(_ state: TargetState, at elapsed: Duration) -> Bool {
        let read = Set([measure, .resident]).compactMap { one in state.memory[one].map { (one, $0) } }
        samples.append((elapsed, Dictionary(uniqueKeysWithValues: read)))
        if let unreturned = state.unreturned { return unreturned.isEmpty }
        guard let most = growths.max(), let last = growths.last, most > measure.noiseBytes,
            Double(last) <= Double(most) * HeldMemory.heldShare
        else {
            returnedAt = nil
            return false
        }
        let start = returnedAt ?? elapsed
        returnedAt = start
        return elapsed - start >= Self.quietTime
    }

    /// How soon to look again: in small steps first, as some connections are gone after milliseconds.
    static func interval(at elapsed: Duration) -> Duration {
        min(max(elapsed / 20, .milliseconds(20)), .milliseconds(250))
    }

    /// Whether the most that was seen of it could be the coming and going of pages.
    var isBelowNoise: Bool {
        (growths.max() ?? 0) < measure.noiseBytes
    }

    /// What was held for each of `connections`, by one measure; nil where that was not taken.
    func held(by measure: MemoryMeasure, connections: Int) -> HeldMemory? {
        guard let baselineBytes = baseline[measure] else { return nil }
        let read = samples.compactMap { sample in
            sample.bytes[measure].map { (seconds: sample.elapsed / .seconds(1), bytes: $0) }
        }
        return HeldMemory(samples: read, baselineBytes: baselineBytes, connections: connections)
    }

    private var growths: [Int] {
        guard let before = baseline[measure] else { return [] }
        return samples.compactMap { sample in sample.bytes[measure].map { $0 - before } }
    }
}
