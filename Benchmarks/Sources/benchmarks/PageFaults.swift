import Glibc

/// How often the system had to give the process a page of memory.
enum PageFaults {
    /// Faults so far that needed no disk.
    static var count: Int {
        var usage = rusage()
        unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
        return usage.ru_minflt
    }
}
