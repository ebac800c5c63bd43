/// The two kinds of hierarchies of control groups, which may exist side by side.
enum ControlGroupVersion: Int {
    case v1 = 1
    case v2 = 2

    /// The files of a group that limit its memory.
    ///
    /// Above `memory.high` processes are slowed down until they give memory back, so it is a limit to stay below like any
    /// other. `memory.soft_limit_in_bytes` of version 1 is none: it matters only while the machine lacks memory.
    var limitFiles: [String] { self == .v1 ? ["memory.limit_in_bytes"] : ["memory.max", "memory.high"] }

    /// The place where the hierarchy is where the kernel does not say.
    var usualMount: ControlGroupMount {
        let folder = self == .v1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup"
        return ControlGroupMount(version: self, root: ControlGroupPath(), folder: Array(folder.utf8))
    }
}

/// The limits on memory and processors of the control groups this process is in: its own and each above it, up to the highest it can
/// see.
///
/// A file that cannot be read, or holds no number, is no limit. A limit is never invented, so the worst that garbage can do is to
/// leave the machine's memory.
struct ControlGroups {
    /// The limits of both hierarchies on memory, from the process's own group upwards.
    let limits: [AvailableMemory]
    /// The processors that groups of version 2 may keep busy all of the time.
    let processorQuotas: [Double]

    /// `/proc/self/mountinfo` has about 100 bytes a line; hosts of containers have thousands of lines.
    private static let mountinfoBytesLimit = 4 << 20
    private static let membershipBytesLimit = 256 << 10
    /// `memory.stat` of version 1 has about 1.5 KB.
    private static let fileBytesLimit = 16 << 10

    /// Reads the groups of this process.
    ///
    /// - Parameter root: The folder with `proc` and `sys`, without a slash at the end.
    init(root: String) {
        let membership = Self.lines(of: "\(root)/proc/self/cgroup", limit: Self.membershipBytesLimit)
        let mounts = Self.lines(of: "\(root)/proc/self/mountinfo", limit: Self.mountinfoBytesLimit)
            .compactMap { ControlGroupMount(mountinfo: $0) }
        let levels = [ControlGroupVersion.v2, .v1].flatMap { version in
            let group = membership.lazy.compactMap { Self.group(in: $0, version: version) }.first
            let candidates = mounts.isEmpty ? [version.usualMount] : mounts.filter { $0.version == version }
            return Self.levels(of: group, in: candidates, root: root)
        }
        limits = levels.flatMap(\.limits)
        processorQuotas = levels.compactMap(\.processorQuota)
    }

    /// The lines of a file, without those that a bound cut off.
    private static func lines(of path: String, limit: Int) -> [ArraySlice<UInt8>] {
        guard let bytes = SystemFile.bytes(at: path, limit: limit) else { return [] }
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        return bytes.count == limit ? lines.dropLast() : lines
    }

    /// The process's group in the hierarchy of `version` by a line of `/proc/self/cgroup`; nil when it is of another.
    ///
    /// ```
    /// 4:memory:/docker/id
    /// 0::/system.slice/quic.service
    /// ```
    private static func group(in line: ArraySlice<UInt8>, version: ControlGroupVersion) -> ControlGroupPath? {
        // A path may contain colons.
        let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3 else { return nil }
        let controllers = fields[1].split(separator: UInt8(ascii: ","))
        let isOfVersion =
            switch version {
            case .v1: controllers.contains { $0.elementsEqual("memory".utf8) }
            case .v2: fields[0].elementsEqual("0".utf8) && controllers.isEmpty
            }
        return isOfVersion ? ControlGroupPath(fields[2]) : nil
    }

    /// `group` and each group above it.
    ///
    /// The mount that shows most of them is used. Where none shows the group, because it lies outside of what is mounted or
    /// its path is unknown, the group that the mount itself is counts: in a container that is the container's, and a limit
    /// too low costs connections where one too high would cost the process.
    private static func levels(
        of group: ControlGroupPath?,
        in mounts: [ControlGroupMount],
        root: String
    ) -> [Level] {
        let widest = mounts.reversed().min { $0.root.names.count < $1.root.names.count }
        let showing = mounts.reversed().filter { group?.names(below: $0.root) != nil }
        guard let mount = showing.min(by: { $0.root.names.count < $1.root.names.count }) ?? widest else { return [] }
        let names = group?.names(below: mount.root) ?? []
        let path = ControlGroupPath(levelsAbove: mount.root.levelsAbove, names: mount.root.names + names)
        var levels: [Level] = []
        for count in (0...names.count).reversed() {
            let folder = Array(root.utf8) + mount.folder + names.prefix(count).flatMap { [UInt8(ascii: "/")] + $0 }
            if count < names.count, mount.version == .v1, !coversGroupsBelow(folder) { break }
            levels.append(
                Level(
                    folder: folder,
                    path: path.prefix(mount.root.names.count + count),
                    version: mount.version,
                    isOwn: count == names.count
                )
            )
        }
        return levels
    }

    /// Whether the limit of a group of version 1 is one of the groups below it, too: before Linux 5.11 that was a choice.
    private static func coversGroupsBelow(_ folder: [UInt8]) -> Bool {
        let choice = SystemFile.bytes(at: folder + Array("/memory.use_hierarchy".utf8), limit: fileBytesLimit)
        return choice.flatMap { SystemFile.number(in: $0) } != 0
    }

    /// One group.
    private struct Level {
        let folder: [UInt8]
        let path: ControlGroupPath
        let version: ControlGroupVersion
        /// Whether it is the process's own group, and none above it.
        let isOwn: Bool

        var limits: [AvailableMemory] {
            let ofFiles = version.limitFiles.compactMap { file -> AvailableMemory? in
                guard let text = text(file), let bytes = SystemFile.number(in: text) else { return nil }
                return limit(bytes, file: file)
            }
            return isOwn ? ofFiles + hierarchicalLimits : ofFiles
        }

        /// The time that its processes may take of all processors, by the period for which it is: `cpu.max` of version 2.
        ///
        /// ```
        /// 150000 100000
        /// ```
        var processorQuota: Double? {
            guard version == .v2, let text = text("cpu.max") else { return nil }
            let numbers = text.split(separator: UInt8(ascii: " ")).map { SystemFile.number(in: $0) }
            guard numbers.count == 2, let time = numbers[0], let period = numbers[1], time > 0, period > 0 else {
                return nil
            }
            return Double(time) / Double(period)
        }

        /// The least limit of a group of version 1 and of all above it, those included that are outside of the mount.
        private var hierarchicalLimits: [AvailableMemory] {
            guard version == .v1, let text = text("memory.stat") else { return [] }
            let field = "hierarchical_memory_limit"
            return text.split(separator: UInt8(ascii: "\n")).compactMap { line in
                guard line.starts(with: "\(field) ".utf8) else { return nil }
                return SystemFile.number(in: line.dropFirst(field.utf8.count + 1)).map { limit($0, file: field) }
            }
        }

        private func limit(_ bytes: Int, file: String) -> AvailableMemory {
            let group = path.text
            let source = MemoryLimitSource.controlGroup(file: file, group: group, version: version.rawValue)
            return AvailableMemory(bytes: bytes, source: source)
        }

        private func text(_ file: String) -> [UInt8]? {
            SystemFile.bytes(at: folder + Array("/\(file)".utf8), limit: fileBytesLimit)
        }
    }
}
