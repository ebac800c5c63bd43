import ArgumentParser
import Datagrams
import LoadEngine
import LoadModel

/// The options that say whose memory is read from the kernel.
struct ProbeOptions: ParsableArguments {
    @Option(
        help: """
            The target's process on this machine: its memory, descriptors and threads are read from /proc. Of a target \
            with several processes name the control group.
            """
    )
    var pid: Int?

    @Option(help: "The folder of the target's control group (cgroup v2): the memory of all its processes is read.")
    var cgroup: String?

    /// Whether a process or a control group is named.
    var isEmpty: Bool { pid == nil && cgroup == nil }

    /// What reads the target, seen to work; with `admin` too where that is given.
    func probe(admin: AdminClient? = nil) throws -> TargetProbe {
        TargetProbe(process: try processProbe(), group: try groupProbe(), admin: admin)
    }

    private func processProbe() throws -> ProcessProbe? {
        guard let pid else { return nil }
        do {
            return try ProcessProbe(processID: pid)
        } catch {
            throw ValidationError("--pid \(pid): \(error)")
        }
    }

    private func groupProbe() throws -> ControlGroupProbe? {
        guard let cgroup else { return nil }
        do {
            return try ControlGroupProbe(path: cgroup)
        } catch {
            throw ValidationError("--cgroup \(cgroup): \(error)")
        }
    }
}
