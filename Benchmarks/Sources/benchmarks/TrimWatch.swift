import Datagrams
@_spi(Benchmarks) import QUICServer

/// A heap trimmer, and what it takes.
final class TrimWatch {
    private var trimmer: HeapTrimmer?
    private var forgottenTrims = 0
    /// CPU time of all trims.
    private(set) var nanoseconds = 0.0
    private(set) var longestNanoseconds = 0.0

    /// - Parameter trimmer: Who decides; nil for no trims at all.
    init(_ trimmer: HeapTrimmer?) {
        self.trimmer = trimmer
    }

    /// How often it has trimmed.
    var trimCount: Int { (trimmer?.trimCount ?? 0) - forgottenTrims }

    /// Asks the trimmer, as a worker does after each turn.
    func update(liveBytes: Int, at now: MonotonicInstant) {
        let trimsBefore = trimCount
        let taken = ThreadClock.time { _ = trimmer?.update(liveBytes: liveBytes, at: now) }
        guard trimCount > trimsBefore else { return }
        nanoseconds += taken
        longestNanoseconds = max(longestNanoseconds, taken)
    }

    /// Counts from here on.
    func forget() {
        (forgottenTrims, nanoseconds, longestNanoseconds) = (trimmer?.trimCount ?? 0, 0, 0)
    }

    /// What is resident when everything free was returned to the system.
    static func residentBytesAfterTrim() -> Int {
        var trimmer = HeapTrimmer(releasedBytesThreshold: 0)
        _ = trimmer.update(liveBytes: 0, at: MonotonicInstant(nanoseconds: 0))
        return ProcessMemory.current().residentBytes
    }
}
