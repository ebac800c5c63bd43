import ArgumentParser
import LoadEngine
import LoadModel

/// `quic-loadgen run`: one run against one server.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Open connections, have each do something, and count how each one ended.",
        discussion: """
            Exits with 1 when something expected did not happen, and with 64 when the options are wrong.

            Examples:
              quic-loadgen run --target 127.0.0.1:4433 --rate 1000 --duration 10s
              quic-loadgen run --target 127.0.0.1:4433 --mode churn \\
                --concurrency 50 --duration 10s
              quic-loadgen run --target 127.0.0.1:4433 --mode abandon \\
                --connections 5000 --rate 1000 \\
                --admin http://127.0.0.1:9443 --expect-return
              quic-loadgen run --target 127.0.0.1:4433 --mode idle-herd \\
                --step 1000 --connections 20000
            """
    )

    @Option(help: "The server's address and UDP port, such as 127.0.0.1:4433 or [::1]:4433.")
    var target: String

    @OptionGroup
    var scenarioOptions: ScenarioOptions

    @OptionGroup(title: "The server's statistics")
    var serverOptions: ServerOptions

    @OptionGroup(title: "Output")
    var outputOptions: OutputOptions

    func validate() throws {
        let target = try parsedTarget()
        guard target.isLocal || scenarioOptions.connection.ca != nil || scenarioOptions.connection.insecure else {
            throw ValidationError(
                "--target \(self.target) is not on this machine: give --ca FILE to verify its certificate, or --insecure"
            )
        }
        do {
            try target.engine.validate(try scenarioOptions.scenario(host: target.host))
        } catch let error as EngineError {
            throw ValidationError("--local-address: \(error)")
        }
    }

    func run() async throws {
        let target = try parsedTarget()
        let scenario = try scenarioOptions.scenario(host: target.host)
        // Opened first: a run of minutes must not end in a file that cannot be written.
        let file = try outputOptions.openReportFile()
        let run = LoadRun(
            of: scenario,
            target: self.target,
            engine: target.engine,
            server: serverOptions.admin.map(AdminClient.init),
            expectations: serverOptions.expectations
        )
        let report = try await carryOut(run, of: scenario)
        try file?.write(report)
        try outputOptions.show(report)
    }

    private func parsedTarget() throws -> TargetAddress {
        do {
            return try TargetAddress(target)
        } catch {
            throw ValidationError("--target \(error)")
        }
    }

    private func carryOut(_ run: LoadRun, of scenario: LoadScenario) async throws -> LoadReport {
        let display = outputOptions.progressDisplay(of: scenario)
        // Before the run counts what the process has open.
        let interrupt = await Interrupt()
        let task = Task {
            try await run.report { display?.show($0) }
        }
        interrupt.first { task.cancel() }
        defer {
            interrupt.ignore()
            display?.finish()
        }
        return try await task.value
    }
}
