import Datagrams

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension MonotonicInstant {
    /// The present moment of the system's monotonic clock, which stands still while the host sleeps.
    public static func now() -> MonotonicInstant {
        var time = timespec()
        // Cannot fail: the clock exists on every Linux and the address is valid.
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicInstant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }
}
