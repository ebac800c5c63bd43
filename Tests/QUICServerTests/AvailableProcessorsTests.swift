import QUICTesting
import Testing

@testable import QUICServer

/// How many processors a process may use.
@Suite struct AvailableProcessorsTests {
    private static let mount = "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

    private func processors(_ numbers: [UInt32], _ quotas: [String: String]) throws -> AvailableProcessors {
        var files = ["/proc/self/cgroup": "0::/a.slice/quic.service\n", "/proc/self/mountinfo": Self.mount]
        for (group, text) in quotas { files["/sys/fs/cgroup\(group)/cpu.max"] = text }
        let tree = try FileTree(files)
        return withExtendedLifetime(tree) { AvailableProcessors(numbers: numbers, root: $0.root) }
    }

    @Test func withoutAQuotaAllOfThemCount() throws {
        #expect(try processors([0, 1, 2, 3], [:]).count == 4)
        #expect(try processors([0, 1, 2, 3], ["/a.slice/quic.service": "max 100000\n"]).count == 4)
        #expect(try processors([5], [:]).count == 1)
    }

    @Test(arguments: [("150000 100000\n", 2), ("100000 100000\n", 1), ("1000 100000\n", 1), ("900000 100000\n", 4)])
    func aQuotaIsRoundedUp(text: String, count: Int) throws {
        #expect(try processors([0, 1, 2, 3], ["/a.slice/quic.service": text]).count == count)
    }

    @Test func theLeastOfAllGroupsAboveCounts() throws {
        let quotas = ["/a.slice/quic.service": "300000 100000\n", "/a.slice": "200000 100000\n", "": "max 100000\n"]
        #expect(try processors([0, 1, 2, 3], quotas).count == 2)
    }

    @Test(arguments: ["", "max", "100000\n", "0 100000\n", "100000 0\n", "-1 100000\n", "1 2 3\n", "many few\n"])
    func garbageIsNoQuota(text: String) throws {
        #expect(try processors([0, 1, 2, 3], ["/a.slice/quic.service": text]).count == 4)
    }

    @Test func aSystemThatDoesNotTellHasOne() throws {
        #expect(try processors([], [:]).count == 1)
    }

    @Test func thisProcessMayUseSome() {
        let current = AvailableProcessors.current()
        #expect(current.count >= 1)
        #expect(Set(current.numbers).count == current.numbers.count)
        #expect(ServerConfiguration.processorCount() == min(current.count, 256))
    }

    @Test func threadsTakeTurnsOnTheProcessors() {
        let current = AvailableProcessors.current()
        for index in 0..<(2 * current.numbers.count) {
            let allowed = Shared<[UInt32]>([])
            FreshThread.runAndWait {
                current.pinThread(index)
                allowed.withLock { $0 = AvailableProcessors.current().numbers }
            }
            #expect(allowed.withLock { $0 } == [current.numbers[index % current.numbers.count]])
        }
    }
}
