#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What this process has used since it started.
struct ProcessUsage {
    /// User and system time, in seconds.
    let cpuSeconds: Double
    /// The most memory it had resident, in bytes.
    let peakResidentBytes: Int

    static func current() -> ProcessUsage {
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let user = Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1e6
        let system = Double(usage.ru_stime.tv_sec) + Double(usage.ru_stime.tv_usec) / 1e6
        return ProcessUsage(cpuSeconds: user + system, peakResidentBytes: usage.ru_maxrss * 1024)
    }
}
