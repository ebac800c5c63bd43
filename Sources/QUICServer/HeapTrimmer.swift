import CShims
import Datagrams

/// Decides when to return free memory to the system: glibc keeps all of it by itself.
///
/// A trim walks the free blocks: 12 ms with 138 MB to return, 0.2 ms with nothing. So it happens only after enough was
/// released, at most once a second, and when the wave is over (nothing lives) without waiting for more.
struct HeapTrimmer {
    private static let releasedBytesThreshold = 8 << 20
    private static let interval = Duration.seconds(1)

    private(set) var trimCount = 0
    private var highWaterBytes = 0
    private var trimmedAt: MonotonicInstant?

    /// Takes note of what is held, and trims when it pays.
    ///
    /// - Returns: When to ask again although nothing may happen until then; nil when there is nothing to trim.
    mutating func update(liveBytes: Int, at now: MonotonicInstant) -> MonotonicInstant? {
        highWaterBytes = max(highWaterBytes, liveBytes)
        let releasedBytes = highWaterBytes - liveBytes
        guard releasedBytes >= Self.releasedBytesThreshold || (liveBytes == 0 && releasedBytes > 0) else { return nil }
        if let earliest = trimmedAt?.advanced(by: Self.interval), now < earliest { return earliest }
        qh_heap_trim()
        trimCount += 1
        trimmedAt = now
        highWaterBytes = liveBytes
        return nil
    }
}
