package import QUICServer
internal import TextValues

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What the process takes of its host.
package struct ProcessReading: Hashable, Sendable, Encodable {
    /// Memory resident in RAM (RSS).
    package var residentBytes: Int
    /// Heap blocks handed out and not yet freed.
    package var heapInUseBytes: Int
    /// CPU time used by all threads.
    package var cpuSeconds: Double
    /// Time since the process began to serve.
    package var uptimeSeconds: Double

    /// What these say.
    package init(memory: ProcessMemory, cpuTime: Duration, uptime: Duration) {
        residentBytes = memory.residentBytes
        heapInUseBytes = memory.heapInUseBytes
        cpuSeconds = cpuTime.fractionalSeconds
        uptimeSeconds = uptime.fractionalSeconds
    }

    /// What it takes now.
    package static func now(since start: ContinuousClock.Instant) -> ProcessReading {
        ProcessReading(memory: .current(), cpuTime: cpuTime(), uptime: start.duration(to: .now))
    }

    private static func cpuTime() -> Duration {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
