import Foundation
import Testing

@testable import QUICServer

/// Layouts of control groups as trees of files: the number and its origin in each.
@Suite struct AvailableMemoryTests {
    private static let machineBytes = 64 << 30
    private static let unlimitedV1 = "\(0x7FFF_FFFF_FFFF_F000)\n"
    private static let v2Mount = "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
    private static let v1Mount = "41 31 0:36 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory\n"
    private static let ordinaryMount = "24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"

    private func available(_ files: [String: String]) throws -> AvailableMemory {
        let tree = try FileTree(files)
        return AvailableMemory(root: tree.root, machineBytes: Self.machineBytes)
    }

    private func v2(_ file: String, of group: String, bytes: Int) -> AvailableMemory {
        AvailableMemory(bytes: bytes, source: .controlGroup(file: file, group: group, version: 2))
    }

    private func v1(_ file: String, of group: String, bytes: Int) -> AvailableMemory {
        AvailableMemory(bytes: bytes, source: .controlGroup(file: file, group: group, version: 1))
    }

    private let machine = AvailableMemory(bytes: machineBytes, source: .machine)

    // MARK: - Layouts

    @Test func aServiceOfVersion2() throws {
        let found = try available([
            "/proc/self/cgroup": "0::/system.slice/quic.service\n",
            "/proc/self/mountinfo": Self.ordinaryMount + Self.v2Mount,
            "/sys/fs/cgroup/system.slice/memory.max": "max\n",
            "/sys/fs/cgroup/system.slice/memory.high": "max\n",
            "/sys/fs/cgroup/system.slice/quic.service/memory.max": "2147483648\n",
            "/sys/fs/cgroup/system.slice/quic.service/memory.high": "max\n",
        ])
        #expect(found == v2("memory.max", of: "/system.slice/quic.service", bytes: 2 << 30))
        #expect(found.source.description == "memory.max of /system.slice/quic.service (control group v2)")
    }

    @Test func highBelowMax() throws {
        let found = try available([
            "/proc/self/cgroup": "0::/system.slice/quic.service\n",
            "/proc/self/mountinfo": Self.v2Mount,
            "/sys/fs/cgroup/system.slice/quic.service/memory.max": "2147483648\n",
            "/sys/fs/cgroup/system.slice/quic.service/memory.high": "1610612736\n",
        ])
        #expect(found == v2("memory.high", of: "/system.slice/quic.service", bytes: 1_536 << 20))
    }

    @Test func aSliceWithLessThanItsService() throws {
        let found = try available([
            "/proc/self/cgroup": "0::/a.slice/a-b.slice/quic.service\n",
            "/proc/self/mountinfo": Self.v2Mount,
            "/sys/fs/cgroup/a.slice/memory.max": "1073741824\n",
            "/sys/fs/cgroup/a.slice/a-b.slice/memory.high": "4294967296\n",
            "/sys/fs/cgroup/a.slice/a-b.slice/quic.service/memory.max": "2147483648\n",
        ])
        #expect(found == v2("memory.max", of: "/a.slice", bytes: 1 << 30))
    }

    @Test func aContainerWithANamespaceOfControlGroups() throws {
        let found = try available([
            "/proc/self/cgroup": "0::/\n",
            "/proc/self/mountinfo": Self.v2Mount,
            "/sys/fs/cgroup/memory.max": "536870912\n",
            "/sys/fs/cgroup/memory.high": "max\n",
        ])
        #expect(found == v2("memory.max", of: "/", bytes: 512 << 20))
    }

    @Test func aContainerThatSeesThePathOfItsHost() throws {
        let mount = "41 31 0:36 /docker/0a1b /sys/fs/cgroup/memory ro,nosuid master:9 - cgroup cgroup rw,memory\n"
        let found = try available([
            "/proc/self/cgroup": "5:cpu,cpuacct:/docker/0a1b\n4:memory:/docker/0a1b/inner\n0::/docker/0a1b\n",
            "/proc/self/mountinfo": Self.ordinaryMount + mount,
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "268435456\n",
            "/sys/fs/cgroup/memory/inner/memory.limit_in_bytes": Self.unlimitedV1,
        ])
        #expect(found == v1("memory.limit_in_bytes", of: "/docker/0a1b", bytes: 256 << 20))
    }

    @Test func version1() throws {
        let found = try available([
            "/proc/self/cgroup": "7:cpuset:/\n4:memory:/system.slice/quic.service\n1:name=systemd:/system.slice\n",
            "/proc/self/mountinfo": Self.ordinaryMount + Self.v1Mount,
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": Self.unlimitedV1,
            "/sys/fs/cgroup/memory/system.slice/memory.limit_in_bytes": Self.unlimitedV1,
            "/sys/fs/cgroup/memory/system.slice/quic.service/memory.limit_in_bytes": "3221225472\n",
            "/sys/fs/cgroup/memory/system.slice/quic.service/memory.soft_limit_in_bytes": "1048576\n",
        ])
        #expect(found == v1("memory.limit_in_bytes", of: "/system.slice/quic.service", bytes: 3 << 30))
        #expect(found.source.description == "memory.limit_in_bytes of /system.slice/quic.service (control group v1)")
    }

    @Test func version1WithoutALimit() throws {
        let found = try available([
            "/proc/self/cgroup": "4:memory:/\n",
            "/proc/self/mountinfo": Self.v1Mount,
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": Self.unlimitedV1,
            "/sys/fs/cgroup/memory/memory.stat": "hierarchical_memory_limit \(Self.unlimitedV1)",
        ])
        #expect(found == machine)
        #expect(found.source.description == "the machine's memory")
    }

    @Test func bothVersionsWithMemoryInTheFirst() throws {
        let unified = "42 31 0:38 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw\n"
        let found = try available([
            "/proc/self/cgroup": "4:memory:/user.slice\n1:name=systemd:/user.slice/a.scope\n0::/user.slice/a.scope\n",
            "/proc/self/mountinfo": Self.v1Mount + unified,
            "/sys/fs/cgroup/unified/user.slice/a.scope/cgroup.procs": "1\n",
            "/sys/fs/cgroup/memory/user.slice/memory.limit_in_bytes": "805306368\n",
        ])
        #expect(found == v1("memory.limit_in_bytes", of: "/user.slice", bytes: 768 << 20))
    }

    @Test func version1LimitsOfGroupsOutsideOfAContainer() throws {
        let found = try available([
            "/proc/self/cgroup": "4:memory:/\n",
            "/proc/self/mountinfo": Self.v1Mount,
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": Self.unlimitedV1,
            "/sys/fs/cgroup/memory/memory.stat": "cache 1\nhierarchical_memory_limit 402653184\ntotal_cache 2\n",
        ])
        #expect(found == v1("hierarchical_memory_limit", of: "/", bytes: 384 << 20))
    }

    @Test(arguments: [("0\n", 3 << 30), ("1\n", 1 << 30)])
    func version1WithAndWithoutHierarchy(choice: String, bytes: Int) throws {
        let found = try available([
            "/proc/self/cgroup": "4:memory:/a/b\n",
            "/proc/self/mountinfo": Self.v1Mount,
            "/sys/fs/cgroup/memory/a/memory.use_hierarchy": choice,
            "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "1073741824\n",
            "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "3221225472\n",
        ])
        #expect(found.bytes == bytes)
    }

    // MARK: - Mounts

    @Test func theMountThatShowsMostGroupsCounts() throws {
        let container = "90 80 0:30 /a/b /containers/x/cgroup rw - cgroup2 cgroup2 rw\n"
        let other = "91 80 0:30 /other /containers/y/cgroup rw - cgroup2 cgroup2 rw\n"
        let found = try available([
            "/proc/self/cgroup": "0::/a/b/c\n",
            "/proc/self/mountinfo": container + Self.v2Mount + other,
            "/sys/fs/cgroup/a/memory.max": "1073741824\n",
            "/containers/x/cgroup/c/memory.max": "2147483648\n",
            "/containers/y/cgroup/memory.max": "1048576\n",
        ])
        #expect(found == v2("memory.max", of: "/a", bytes: 1 << 30))
    }

    @Test func namesWithEscapesColonsAndControlCharacters() throws {
        let mount = "41 31 0:36 /my\\040group /odd\\040\\134place rw - cgroup2 cgroup2 rw\n"
        let found = try available([
            "/proc/self/cgroup": "0::/my group/a:b\u{7}\n",
            "/proc/self/mountinfo": mount,
            "/odd \\place/a:b\u{7}/memory.max": "1048576\n",
        ])
        #expect(found == v2("memory.max", of: "/my group/a:b?", bytes: 1 << 20))
    }

    @Test(arguments: ["/../..", "/../other.scope", "/elsewhere/../..", "relative", "", "/a/./b"])
    func aGroupThatTheMountDoesNotShowHasTheLimitOfTheMount(path: String) throws {
        let found = try available([
            "/proc/self/cgroup": "0::\(path)\n",
            "/proc/self/mountinfo": Self.v2Mount,
            "/memory.max": "4096\n",
            "/sys/memory.max": "4096\n",
            "/sys/fs/memory.max": "4096\n",
            "/sys/fs/cgroup/memory.max": "536870912\n",
        ])
        #expect(found == v2("memory.max", of: "/", bytes: 512 << 20))
    }

    @Test func aMountFromAboveTheNamespace() throws {
        let mount = "41 31 0:36 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
        let found = try available([
            "/proc/self/cgroup": "0::/../sibling/inner\n",
            "/proc/self/mountinfo": mount,
            "/sys/fs/cgroup/sibling/memory.max": "1073741824\n",
            "/sys/fs/cgroup/sibling/inner/memory.max": "max\n",
        ])
        #expect(found == v2("memory.max", of: "/../sibling", bytes: 1 << 30))
    }

    @Test func withoutMountinfoTheUsualPlacesAreRead() throws {
        let found = try available([
            "/sys/fs/cgroup/memory.max": "2147483648\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n",
        ])
        #expect(found == v1("memory.limit_in_bytes", of: "/", bytes: 1 << 30))
    }

    // MARK: - Values that are no limits

    @Test func anEmptySystemHasTheMachinesMemory() throws {
        #expect(try available([:]) == machine)
    }

    @Test(
        arguments: [
            "", "\n", "max", "max\n", "-1\n", "+5\n", "5 6\n", "0x1000\n", "1e3\n", "lots\n", "\u{0}\n",
            "9223372036854775808\n", "99999999999999999999\n", "\(64 << 30)\n", "\(Int.max)\n",
        ]
    )
    func textThatIsNoLimit(text: String) throws {
        let found = try available([
            "/proc/self/cgroup": "0::/a\n",
            "/proc/self/mountinfo": Self.v2Mount,
            "/sys/fs/cgroup/a/memory.max": text,
            "/sys/fs/cgroup/a/memory.high": text,
        ])
        #expect(found == machine)
    }

    @Test func numbersThatAreUnusualAndStillLimits() throws {
        for (text, bytes) in [("4096", 4_096), ("0\n", 0), ("007\n", 7), ("\((64 << 30) - 1)\n", (64 << 30) - 1)] {
            let found = try available([
                "/proc/self/cgroup": "0::/a",
                "/proc/self/mountinfo": String(Self.v2Mount.dropLast()),
                "/sys/fs/cgroup/a/memory.max": text,
            ])
            #expect(found == v2("memory.max", of: "/a", bytes: bytes))
        }
    }

    @Test func garbageAroundTheLinesThatMatter() throws {
        let long = String(repeating: "x", count: 100_000)
        let found = try available([
            "/proc/self/cgroup": "\n:::\n0:\n::\n\(long)\n4:memory\n0::/a\n",
            "/proc/self/mountinfo": "\n-\n - - - - - - - - -\n1 2 3 4 5 6 - cgroup2\n\(long)\n\(Self.v2Mount)\u{0}\n",
            "/sys/fs/cgroup/a/memory.max": "1048576\n",
        ])
        #expect(found == v2("memory.max", of: "/a", bytes: 1 << 20))
    }

    @Test func linesOf100KB() throws {
        let long = String(repeating: "/x", count: 50_000)
        let found = try available([
            "/proc/self/cgroup": "0::\(long)\n",
            "/proc/self/mountinfo": Self.v2Mount
                + "36 24 0:31 \(long) /sys/fs/cgroup/x rw - cgroup2 cgroup2 rw\n",
            "/sys/fs/cgroup/memory.max": "1048576\n",
        ])
        #expect(found == v2("memory.max", of: "/", bytes: 1 << 20))
    }

    @Test func aLineThatTheBoundCutsOffIsNotRead() throws {
        let padding = String(repeating: "1:cpu:/\n", count: (256 << 10) / 8 - 1)
        let found = try available([
            // The bound is before the b: the rest of the line names another group.
            "/proc/self/cgroup": padding + "\n\n\n" + "0::/ab\n",
            "/proc/self/mountinfo": Self.v2Mount,
            "/sys/fs/cgroup/memory.max": "1048576\n",
            "/sys/fs/cgroup/a/memory.max": "4096\n",
        ])
        #expect(found == v2("memory.max", of: "/", bytes: 1 << 20))
    }

    @Test func foldersAndFIFOsInPlaceOfFiles() throws {
        let tree = try FileTree([
            "/proc/self/cgroup": "0::/a\n",
            "/proc/self/mountinfo": Self.v2Mount,
            "/sys/fs/cgroup/a/memory.max/file": "4096\n",
            "/sys/fs/cgroup/memory.max": "1048576\n",
        ])
        #expect(unsafe mkfifo("\(tree.root)/sys/fs/cgroup/a/memory.high", 0o600) == 0)
        let found = AvailableMemory(root: tree.root, machineBytes: Self.machineBytes)
        #expect(found == v2("memory.max", of: "/", bytes: 1 << 20))
    }

    // MARK: - Other limits

    @Test func aResourceLimitCounts() throws {
        let limit = AvailableMemory(bytes: 1 << 30, source: .resourceLimit("RLIMIT_AS"))
        let tree = try FileTree([:])
        let found = AvailableMemory(root: tree.root, machineBytes: Self.machineBytes, resourceLimits: [limit])
        #expect(found == limit)
        #expect(found.source.description == "RLIMIT_AS of the process")
    }

    @Test func thisMachineHasSomeMemory() {
        let available = AvailableMemory.current()
        #expect(available.bytes > 0)
        #expect(available.source != .configuration)
    }
}
