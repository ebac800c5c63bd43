import Datagrams
import FaultInjection

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension MonotonicInstant {
    /// How long after 1970 the clock of ``now()`` started, by what the time of day says at the moment.
    ///
    /// RFC 9000's tokens outlive processes and hosts' starts, which that clock does not.
    public static func timeSince1970AtStart() -> Duration {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        let sinceStart = now().nanoseconds
        let since1970 = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        return .nanoseconds(since1970 - Int64(clamping: sinceStart))
    }

    /// The present moment of the system's monotonic clock, which stands still while the host sleeps.
    public static func now() -> MonotonicInstant {
        var time = timespec()
        // Cannot fail: the clock exists on every Linux and the address is valid.
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        let now = MonotonicInstant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
        return FaultInjection.clockReading(at: now)
    }
}
