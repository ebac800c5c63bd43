import Glibc

/// The CPU time of the calling thread: unlike wall time, it does not count what other processes take.
enum ThreadClock {
    /// Nanoseconds of user and system time so far.
    static var nanoseconds: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Nanoseconds that `body` takes.
    static func time(_ body: () -> Void) -> Double {
        let start = nanoseconds
        body()
        return Double(nanoseconds - start)
    }
}
