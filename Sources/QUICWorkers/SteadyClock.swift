internal import DatagramIO
package import Datagrams

/// The clock of one worker: where the system's runs backwards, this one stands still for a moment and goes on from there.
///
/// Deadlines would otherwise wait until the system's clock had come to where it was.
package struct SteadyClock {
    private var latest = MonotonicInstant(nanoseconds: 0)
    private var lead = Duration.zero

    /// A clock that has not been read.
    package init() {}

    /// The present moment, never before the last one.
    package mutating func now() -> MonotonicInstant { now(whenSystemSays: .now()) }

    package mutating func now(whenSystemSays reading: MonotonicInstant) -> MonotonicInstant {
        let instant = reading.advanced(by: lead)
        lead += max(.zero, instant.duration(to: latest))
        latest = max(latest, instant)
        return latest
    }
}
