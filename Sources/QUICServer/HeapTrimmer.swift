import CShims
public import Datagrams

/// Decides when to return free memory to the system: glibc keeps all of it by itself.
///
/// A trim walks the free blocks, and takes milliseconds where there is much to return. So it happens at most once a
/// second, and only after enough was released or when the wave is over (nothing lives). Less than enough is not kept for
/// ever: it is returned at most every ten seconds. docs/benchmarks.md has what other thresholds cost and yield.
@_spi(Benchmarks)
public struct HeapTrimmer {
    private static let interval = Duration.seconds(1)
    private static let remainderInterval = Duration.seconds(10)

    /// How often it has trimmed.
    public private(set) var trimCount = 0
    private let releasedBytesThreshold: Int
    private let remainderBytesThreshold: Int
    private var highWaterBytes = 0
    private var trimmedAt: MonotonicInstant?

    /// - Parameters:
    ///   - releasedBytesThreshold: Bytes released since the last trim that are worth another one a second later.
    ///   - remainderBytesThreshold: Bytes released since the last trim that are worth another one ten seconds later.
    public init(releasedBytesThreshold: Int = 8 << 20, remainderBytesThreshold: Int = 1 << 20) {
        self.releasedBytesThreshold = releasedBytesThreshold
        self.remainderBytesThreshold = min(remainderBytesThreshold, releasedBytesThreshold)
    }

    /// Takes note of what is held, and trims when it pays.
    ///
    /// - Returns: When to ask again although nothing may happen until then; nil when there is nothing to trim.
    public mutating func update(liveBytes: Int, at now: MonotonicInstant) -> MonotonicInstant? {
        highWaterBytes = max(highWaterBytes, liveBytes)
        let releasedBytes = highWaterBytes - liveBytes
        let isOver = liveBytes == 0 && releasedBytes > 0
        guard releasedBytes >= remainderBytesThreshold || isOver else { return nil }
        let interval =
            isOver || releasedBytes >= releasedBytesThreshold ? Self.interval : Self.remainderInterval
        if let earliest = trimmedAt?.advanced(by: interval), now < earliest { return earliest }
        qh_heap_trim()
        trimCount += 1
        trimmedAt = now
        highWaterBytes = liveBytes
        return nil
    }
}
