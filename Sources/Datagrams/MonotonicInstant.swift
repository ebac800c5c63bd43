/// A moment of a clock that never runs backwards, in nanoseconds since an arbitrary start.
///
/// Nothing below the event loop reads a clock: every entry point takes the moment as an argument, one for a whole
/// batch of datagrams. That lets a server and its clients run in virtual time.
public struct MonotonicInstant: InstantProtocol, Hashable, Sendable, BitwiseCopyable {
    /// Nanoseconds since the clock's start.
    public let nanoseconds: UInt64

    /// Later than every other moment: a deadline that never comes.
    public static let distantFuture = MonotonicInstant(nanoseconds: .max)

    /// The moment `nanoseconds` after the clock's start.
    @inlinable
    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// The moment `duration` later (earlier when negative), kept between the clock's start and ``distantFuture``.
    public func advanced(by duration: Duration) -> MonotonicInstant {
        let offset = duration.wholeNanoseconds
        if offset >= 0 {
            let (sum, overflow) = nanoseconds.addingReportingOverflow(UInt64(offset))
            return MonotonicInstant(nanoseconds: overflow ? .max : sum)
        }
        let (difference, underflow) = nanoseconds.subtractingReportingOverflow(offset.magnitude)
        return MonotonicInstant(nanoseconds: underflow ? 0 : difference)
    }

    /// The moment `nanoseconds` later, kept before ``distantFuture`` or at it. A tenth of the time that ``advanced(by:)`` takes.
    @inlinable
    public func advanced(byNanoseconds nanoseconds: UInt64) -> MonotonicInstant {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(nanoseconds)
        return MonotonicInstant(nanoseconds: overflow ? .max : sum)
    }

    /// The nanoseconds from `earlier` to this moment; 0 where that is later.
    @inlinable
    public func nanoseconds(since earlier: MonotonicInstant) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }

    /// The time from this moment to `other`; negative when `other` is earlier.
    public func duration(to other: MonotonicInstant) -> Duration {
        other.nanoseconds >= nanoseconds
            ? .nanoseconds(Int64(clamping: other.nanoseconds - nanoseconds))
            : .nanoseconds(-Int64(clamping: nanoseconds - other.nanoseconds))
    }

    /// Whether `lhs` comes before `rhs`.
    @inlinable
    public static func < (lhs: MonotonicInstant, rhs: MonotonicInstant) -> Bool {
        lhs.nanoseconds < rhs.nanoseconds
    }
}

extension Duration {
    /// This duration in whole nanoseconds, truncated towards zero and kept within `Int64` (292 years).
    public var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, productOverflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, sumOverflows) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return productOverflows || sumOverflows ? (seconds < 0 ? .min : .max) : sum
    }
}
