public import LoadModel

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Reads the memory, descriptors and threads of a process of this machine from `/proc`. proc(5).
public struct ProcessProbe: Sendable {
    /// Its number.
    public let processID: Int
    private let folder: String
    /// When the process started, in clock ticks: a later process with the same number has another.
    private let startTicks: String

    /// A probe of the process `processID`.
    ///
    /// - Parameter proc: Where the kernel's file system of processes is.
    /// - Throws: ``TargetFailure`` when there is no such process or it cannot be read.
    public init(processID: Int, proc: String = "/proc") throws(TargetFailure) {
        self.processID = processID
        folder = "\(proc)/\(processID)"
        do throws(KernelFile.Refusal) {
            startTicks = Self.startTicks(in: try KernelFile.text("\(folder)/stat"))
        } catch {
            throw .unreadable(error.isAbsence ? "there is no process \(processID)" : error.sentence)
        }
        do throws(TargetFailure) {
            var memory = MemoryReading()
            try read(into: &memory)
        } catch {
            guard case .ended = error else { throw error }
            throw .unreadable("process \(processID) has no memory: it has ended, or it is a thread of the kernel")
        }
    }

    /// Adds what is known of the process to `memory`.
    ///
    /// - Throws: ``TargetFailure/ended(_:)`` when the process is gone, and others when it cannot be read.
    public func read(into memory: inout MemoryReading) throws(TargetFailure) {
        try check()
        let rollup = try text("smaps_rollup")
        guard !rollup.isEmpty else { throw gone }
        let status = try text("status")
        do throws(KernelTextError) {
            memory.add(try SmapsRollup(text: rollup))
            memory.add(try ProcessStatus(text: status))
        } catch {
            // A process that is ending has a status without memory.
            throw error.field == "VmRSS" ? gone : .unreadable("process \(processID): \(error)")
        }
        memory.descriptors = try descriptors().count
    }

    /// Makes sure that the process is still there.
    ///
    /// - Throws: ``TargetFailure/ended(_:)`` when it is gone, or has ended and was not waited for.
    public func check() throws(TargetFailure) {
        let stat = try text("stat")
        guard Self.startTicks(in: stat) == startTicks else { throw .ended("process \(processID) is another one now") }
        guard !Self.hasEnded(stat) else { throw gone }
    }

    /// The processor time it has used so far, user and system, in seconds; nil when it is gone.
    public var cpuSeconds: Double? {
        guard let stat = try? KernelFile.text("\(folder)/stat") else { return nil }
        // utime is the 14th field, stime the 15th.
        let fields = Self.fields(of: stat)
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Whether one of the process's own sockets is bound to the UDP port `port`; nil where that cannot be seen.
    public func hasUDPPort(_ port: UInt16) -> Bool? {
        guard let names = try? descriptors() else { return nil }
        let ours = Set(names.compactMap { KernelFile.destination(of: "\(folder)/fd/\($0)") })
        var isKnown = false
        for table in ["udp", "udp6"] {
            guard let text = try? KernelFile.text("\(folder)/net/\(table)") else { continue }
            isKnown = true
            if Self.inodes(boundTo: port, in: text).contains(where: { ours.contains("socket:[\($0)]") }) { return true }
        }
        return isKnown ? false : nil
    }

    /// What the process calls itself; nil when that cannot be read.
    public var name: String? {
        (try? KernelFile.text("\(folder)/comm")).map { String($0.prefix { $0 != "\n" }) }
    }

    private func descriptors() throws(TargetFailure) -> [String] {
        do throws(KernelFile.Refusal) {
            return try KernelFile.names(in: "\(folder)/fd")
        } catch {
            throw failure(error)
        }
    }

    private func text(_ file: String) throws(TargetFailure) -> String {
        do throws(KernelFile.Refusal) {
            return try KernelFile.text("\(folder)/\(file)")
        } catch {
            throw failure(error)
        }
    }

    private func failure(_ refusal: KernelFile.Refusal) -> TargetFailure {
        refusal.isAbsence ? gone : .unreadable(refusal.sentence)
    }

    private var gone: TargetFailure { .ended("process \(processID) is gone") }

    // MARK: - The kernel's tables

    /// The fields of `stat` from the third on, which is the state. The second, a name in parentheses, may contain
    /// anything.
    private static func fields(of stat: String) -> [Substring] {
        guard let end = stat.lastIndex(of: ")") else { return [] }
        return stat[stat.index(after: end)...].split { $0 == " " || $0 == "\n" }
    }

    /// The 22nd field.
    private static func startTicks(in stat: String) -> String {
        let fields = fields(of: stat)
        return fields.count > 19 ? String(fields[19]) : ""
    }

    /// Whether nobody has waited for it yet (`Z`), or somebody just did (`X`).
    private static func hasEnded(_ stat: String) -> Bool {
        ["Z", "X"].contains(fields(of: stat).first ?? "")
    }

    /// The inodes of the sockets that are bound to `port` in the text of `/proc/PID/net/udp`: the second column is the
    /// local address in hexadecimal, the tenth the inode.
    private static func inodes(boundTo port: UInt16, in table: String) -> [Substring] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let columns = line.split(separator: " ")
            guard columns.count > 9, let digits = columns[1].split(separator: ":").last,
                UInt16(digits, radix: 16) == port
            else { return nil }
            return columns[9]
        }
    }
}
