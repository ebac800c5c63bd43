internal import DatagramIO
package import Datagrams

/// The clock of one worker: where the system's runs backwards, this one stands still for a moment and goes on from there.
///
/// Deadlines would otherwise wait until the system's clock had come to where it was.
package struct SteadyClock {
    private var latest = MonotonicInstant(nanoseconds: 0)
    private var leadNanoseconds: UInt64 = 0

    /// A clock that has not been read.
    package init() {}

    /// The present moment, never before the last one.
    package mutating func now() -> MonotonicInstant { now(whenSystemSays: .now()) }

    package mutating func now(whenSystemSays reading: MonotonicInstant) -> MonotonicInstant {
        let instant = reading.advanced(byNanoseconds: leadNanoseconds)
        leadNanoseconds += latest.nanoseconds(since: instant)
        latest = max(latest, instant)
        return latest
    }
}
