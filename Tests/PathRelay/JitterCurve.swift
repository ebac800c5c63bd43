import Datagrams
import SeededRandom

/// An additional delay that wanders between zero and a maximum, and never makes one datagram overtake another.
///
/// A value is drawn for every moment that is a multiple of the maximum after the first one, and the delay goes in a
/// straight line from each value to the next. It therefore never falls faster than time passes. A delay drawn for each
/// datagram would reorder most of them at any serious rate, and QUIC takes reordering for loss (RFC 9002 §6.1.1).
struct JitterCurve {
    /// Values skipped after a silence instead of being drawn one by one.
    private static let skippedValues: UInt64 = 64

    private let maximum: UInt64
    private var generator: SeededGenerator
    private var segmentStart: UInt64?
    private var startValue: UInt64 = 0
    private var endValue: UInt64 = 0

    init(maximum: Duration, seed: UInt64) {
        self.maximum = UInt64(clamping: maximum.wholeNanoseconds)
        generator = SeededGenerator(seed: seed)
    }

    /// The additional nanoseconds of what leaves at `moment`, which never runs backwards.
    mutating func nanoseconds(at moment: MonotonicInstant) -> UInt64 {
        guard maximum > 0 else { return 0 }
        let start = advance(to: moment.nanoseconds)
        let passed = moment.nanoseconds - start
        if endValue >= startValue { return startValue + (endValue - startValue) * passed / maximum }
        return startValue - (startValue - endValue) * passed / maximum
    }

    /// Moves on to the segment that holds `nanoseconds`, and returns its start.
    private mutating func advance(to nanoseconds: UInt64) -> UInt64 {
        guard var start = segmentStart, nanoseconds - start < Self.skippedValues * maximum else {
            startValue = draw()
            endValue = draw()
            segmentStart = nanoseconds
            return nanoseconds
        }
        while nanoseconds - start >= maximum {
            start += maximum
            startValue = endValue
            endValue = draw()
        }
        segmentStart = start
        return start
    }

    private mutating func draw() -> UInt64 { UInt64.random(in: 0...maximum, using: &generator) }
}
