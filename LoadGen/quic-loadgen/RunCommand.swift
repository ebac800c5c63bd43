import ArgumentParser
import LoadEngine
import LoadModel

/// `quic-loadgen run`: one run against one server.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Open connections at a steady rate and count how each one ended.",
        discussion: "Exits with 1 when something expected did not happen, and with 64 when the options are wrong."
    )

    @Option(help: "The server's address and UDP port, such as 127.0.0.1:4433 or [::1]:4433.")
    var target: String

    @OptionGroup(title: "What the connections do")
    var scenarioOptions: ScenarioOptions

    @OptionGroup(title: "The server's statistics")
    var serverOptions: ServerOptions

    @OptionGroup(title: "Output")
    var outputOptions: OutputOptions

    func validate() throws {
        _ = try engine()
    }

    func run() async throws {
        let scenario = try scenarioOptions.scenario()
        // Opened first: a run of minutes must not end in a file that cannot be written.
        let file = try outputOptions.openReportFile()
        let run = LoadRun(
            of: scenario,
            target: target,
            engine: try engine(),
            server: serverOptions.admin.map(AdminClient.init),
            expectations: serverOptions.expectations
        )
        let report = try await carryOut(run, of: scenario)
        try file?.write(report)
        try outputOptions.show(report)
    }

    private func engine() throws -> LoadEngine {
        do {
            return try EngineAdapter.engine(target: target)
        } catch {
            throw ValidationError("--target \(error)")
        }
    }

    private func carryOut(_ run: LoadRun, of scenario: LoadScenario) async throws -> LoadReport {
        let display = outputOptions.progressDisplay(connections: scenario.connections)
        let task = Task {
            try await run.report { display?.show($0) }
        }
        let interrupt = Interrupt { task.cancel() }
        defer {
            interrupt.ignore()
            display?.finish()
        }
        return try await task.value
    }
}
