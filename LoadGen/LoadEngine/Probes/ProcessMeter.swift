public import LoadModel

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Reads the processor time and the resident memory of a process of this machine from `/proc`, a file each: often, and
/// while connections are open, where ``ProcessProbe`` would cost the process too much. proc(5).
public struct ProcessMeter: Sendable {
    private let folder: String

    /// A meter of the process `processID`.
    ///
    /// - Throws: ``TargetFailure`` when there is no such process or it cannot be read.
    public init(processID: Int, proc: String = "/proc") throws(TargetFailure) {
        folder = "\(proc)/\(processID)"
        do throws(KernelFile.Refusal) {
            _ = try KernelFile.text("\(folder)/stat")
        } catch {
            throw .unreadable(error.isAbsence ? "there is no process \(processID)" : error.sentence)
        }
    }

    /// The processor time it has used so far, user and system, in seconds; nil when it is gone.
    public var cpuSeconds: Double? {
        guard let stat = try? KernelFile.text("\(folder)/stat"), let end = stat.lastIndex(of: ")") else { return nil }
        // The fields from the third on: the second, a name in parentheses, may contain anything. utime is the 14th,
        // stime the 15th.
        let fields = stat[stat.index(after: end)...].split { $0 == " " || $0 == "\n" }
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// What it has resident now; nil when it is gone.
    public var residentBytes: Int? {
        guard let text = try? KernelFile.text("\(folder)/status") else { return nil }
        return (try? ProcessStatus(text: text))?.residentBytes
    }
}
