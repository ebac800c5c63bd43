import ArgumentParser
import LoadModel

/// The options that say how to look at a target's memory.
struct TargetOptions: ParsableArguments {
    @OptionGroup
    var probeOptions: ProbeOptions

    @Option(
        help: "The target's admin interface, such as http://127.0.0.1:9443. It is asked for /stats.",
        transform: ServerOptions.address
    )
    var admin: AdminAddress?

    func validate() throws {
        guard !probeOptions.isEmpty || admin != nil else {
            throw ValidationError("there is nothing to watch: name the target with --pid, --cgroup or --admin")
        }
    }

    /// What reads the target, once it has been seen to work.
    func probe() async throws -> TargetProbe {
        let probe = try probeOptions.probe(admin: admin.map(AdminClient.init))
        do {
            _ = try await probe.read()
        } catch {
            guard case .unanswered(let reason) = error else { throw error }
            throw ValidationError("--admin: \(reason)")
        }
        return probe
    }
}
