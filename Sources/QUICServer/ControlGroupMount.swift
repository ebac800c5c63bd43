/// A place in the file system where a hierarchy of control groups that can limit memory is mounted.
struct ControlGroupMount {
    /// The hierarchy's version.
    let version: ControlGroupVersion
    /// The group that the folder is; not the root where only a part of the hierarchy is mounted, as in containers.
    let root: ControlGroupPath
    /// The folder.
    let folder: [UInt8]

    init(version: ControlGroupVersion, root: ControlGroupPath, folder: [UInt8]) {
        self.version = version
        self.root = root
        self.folder = folder
    }

    /// Reads a line of `/proc/self/mountinfo`. proc_pid_mountinfo(5).
    ///
    /// ```
    /// 35 31 0:32 /docker/id /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
    ///            root       mount point           options     optional   type   source super options
    /// ```
    ///
    /// - Returns: nil for any other file system, a hierarchy of version 1 without the memory controller, and garbage.
    init?(mountinfo line: ArraySlice<UInt8>) {
        let fields = line.split(separator: UInt8(ascii: " "))
        // There may be any number of optional fields, six come before them and three after the hyphen.
        guard let hyphen = fields.dropFirst(6).firstIndex(where: { $0.elementsEqual("-".utf8) }),
            fields.count > hyphen + 3
        else { return nil }
        let options = fields[hyphen + 3].split(separator: UInt8(ascii: ","))
        if fields[hyphen + 1].elementsEqual("cgroup2".utf8) {
            version = .v2
        } else if fields[hyphen + 1].elementsEqual("cgroup".utf8),
            options.contains(where: { $0.elementsEqual("memory".utf8) })
        {
            version = .v1
        } else {
            return nil
        }
        guard let root = ControlGroupPath(Self.unescaped(fields[3])[...]) else { return nil }
        self.root = root
        folder = Self.unescaped(fields[4])
    }

    /// The kernel writes space, tab, newline, backslash and `#` as a backslash and three octal digits.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = field
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3).map { Int($0) - Int(UInt8(ascii: "0")) }
            guard byte == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy((0...7).contains),
                let escaped = UInt8(exactly: digits.reduce(0) { $0 * 8 + $1 })
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(escaped)
            rest = rest.dropFirst(3)
        }
        return bytes
    }
}
