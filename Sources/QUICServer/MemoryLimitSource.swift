/// The origin of a limit on memory.
public enum MemoryLimitSource: Sendable, Hashable, CustomStringConvertible {
    /// ``ServerConfiguration/memoryBytesLimit``.
    case configuration
    /// The machine's memory.
    case machine
    /// A control group that the process is in. Linux, admin-guide/cgroup-v2 and admin-guide/cgroup-v1/memory.
    ///
    /// - Parameters:
    ///   - file: The file, or the field of `memory.stat`, that states it, such as `memory.max`.
    ///   - group: The group's path as `/proc/self/cgroup` has it. Inside a container it begins at the container's group.
    ///   - version: 1 or 2.
    case controlGroup(file: String, group: String, version: Int)
    /// A limit of the process itself, `RLIMIT_AS` or `RLIMIT_DATA`. getrlimit(2).
    case resourceLimit(String)

    /// The origin in words.
    public var description: String {
        switch self {
        case .configuration: "the configuration"
        case .machine: "the machine's memory"
        case .controlGroup(let file, let group, let version): "\(file) of \(group) (control group v\(version))"
        case .resourceLimit(let name): "\(name) of the process"
        }
    }
}
