import CShims
import LoadModel

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
    /// Bytes in heap blocks that were handed out and not yet freed.
    let heapInUseBytes: Int

    static func current() -> ProcessUsage {
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let user = Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1e6
        let system = Double(usage.ru_stime.tv_sec) + Double(usage.ru_stime.tv_usec) / 1e6
        return ProcessUsage(
            cpuSeconds: user + system,
            peakResidentBytes: usage.ru_maxrss * 1024,
            heapInUseBytes: Int(clamping: qh_heap_in_use())
        )
    }

    /// The processor time of the calling thread, in seconds.
    static var threadCPUSeconds: Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The time of day, in seconds since 1970 (UTC).
    static var unixSeconds: Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The memory resident now, in bytes; 0 where `/proc` cannot be read.
    static var residentBytes: Int {
        // proc(5): total, resident, shared … in pages.
        let fields = ProcessFiles.contents(of: "/proc/self/statm").split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}

/// What `/proc` says of this process.
enum ProcessFiles {
    /// The first bytes of a small file; empty when it cannot be read.
    static func contents(of path: String) -> String {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 128) { buffer, count in
            count = unsafe max(0, read(file, buffer.baseAddress, buffer.count))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The first bytes of what a symbolic link leads to; empty when it cannot be read.
    static func target(of link: String) -> String {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 128) { buffer, count in
            count = unsafe buffer.baseAddress.map { unsafe max(0, readlink(link, $0, buffer.count)) } ?? 0
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The names in a folder but `.` and `..`; nil when it cannot be read.
    static func names(in path: String) -> [String]? {
        guard let folder = unsafe opendir(path) else { return nil }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

extension ProcessState {
    /// What this process has open now; nil where `/proc` cannot be read.
    static func current() -> ProcessState? {
        guard let descriptors = ProcessFiles.names(in: "/proc/self/fd"),
            let threads = ProcessFiles.names(in: "/proc/self/task")
        else { return nil }
        let ours = threads.filter {
            ProcessFiles.contents(of: "/proc/self/task/\($0)/comm").hasPrefix(LoadThread.namePrefix)
        }
        // The runtime opens a timer of the system for each of its clocks when it first needs one, which may be during the run,
        // and keeps it. Nothing of ours has one.
        let timers = descriptors.filter {
            ProcessFiles.target(of: "/proc/self/fd/\($0)") == "anon_inode:[timerfd]"
        }
        // One of them was the folder itself while it was read.
        return ProcessState(descriptors: descriptors.count - timers.count - 1, workerThreads: ours.count)
    }
}
