import Glibc

/// The memory this process can use at most, and the limit that says so: the least of the machine's memory, the limits of
/// its control groups, and its resource limits.
struct AvailableMemory: Sendable, Hashable {
    /// In bytes.
    let bytes: Int
    /// The limit that is the least; of equal ones the machine's memory, then the group's own.
    let source: MemoryLimitSource

    /// The memory this process can use at most at this moment; reads two files of `/proc` and a few of each control group.
    static func current() -> AvailableMemory {
        AvailableMemory(root: "", machineBytes: machineBytes, resourceLimits: resourceLimits)
    }

    /// - Parameters:
    ///   - root: The folder with `proc` and `sys`, without a slash at the end.
    ///   - machineBytes: The machine's memory.
    ///   - resourceLimits: The process's own limits.
    init(root: String, machineBytes: Int, resourceLimits: [AvailableMemory] = []) {
        let machine = AvailableMemory(bytes: machineBytes, source: .machine)
        let limits = ControlGroups(root: root).limits + resourceLimits
        self = limits.reduce(machine) { least, limit in limit.bytes < least.bytes ? limit : least }
    }

    init(bytes: Int, source: MemoryLimitSource) {
        self.bytes = bytes
        self.source = source
    }

    private static var machineBytes: Int { sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) }

    /// Beyond either the kernel refuses memory: RLIMIT_AS counts all addresses in use, RLIMIT_DATA those the process may
    /// write. Both include the program itself and what its threads reserve, as a control group's limit does. getrlimit(2).
    private static var resourceLimits: [AvailableMemory] {
        [(RLIMIT_AS, "RLIMIT_AS"), (RLIMIT_DATA, "RLIMIT_DATA")].compactMap { resource, name in
            var limit = rlimit()
            guard unsafe getrlimit(.init(resource.rawValue), &limit) == 0 else { return nil }
            // RLIM_INFINITY is no Int.
            guard let bytes = Int(exactly: limit.rlim_cur) else { return nil }
            return AvailableMemory(bytes: bytes, source: .resourceLimit(name))
        }
    }
}
