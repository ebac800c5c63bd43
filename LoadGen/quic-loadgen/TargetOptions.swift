import ArgumentParser
import LoadEngine
import LoadModel

/// The options that say how to look at a target's memory.
struct TargetOptions: ParsableArguments {
    @Option(
        help: """
            The target's process on this machine: its memory, descriptors and threads are read from /proc. Of a target \
            with several processes name the control group.
            """
    )
    var pid: Int?

    @Option(help: "The folder of the target's control group (cgroup v2): the memory of all its processes is read.")
    var cgroup: String?

    @Option(
        help: "The target's admin interface, such as http://127.0.0.1:9443. It is asked for /stats.",
        transform: ServerOptions.address
    )
    var admin: AdminAddress?

    func validate() throws {
        guard pid != nil || cgroup != nil || admin != nil else {
            throw ValidationError("there is nothing to watch: name the target with --pid, --cgroup or --admin")
        }
    }

    /// What reads the target, once it has been seen to work.
    func probe() async throws -> TargetProbe {
        let probe = TargetProbe(
            process: try processProbe(),
            group: try groupProbe(),
            admin: admin.map(AdminClient.init)
        )
        do {
            _ = try await probe.read()
        } catch {
            guard case .unanswered(let reason) = error else { throw error }
            throw ValidationError("--admin: \(reason)")
        }
        return probe
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
