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
                --step 1000 --connections 20000 \\
                --pid $(pidof your-server) --csv herd.csv --html herd.html
              quic-loadgen run --target 127.0.0.1:4433 --rate 500 --duration 1m \\
                --expect 'handshake.p99<50ms' --expect 'failed==0' \\
                --hgrm run.hgrm --json run.json
            """
    )

    @Option(help: "The server's name or address, and its UDP port, such as localhost:4433 or [::1]:4433.")
    var target: String

    @OptionGroup
    var scenarioOptions: ScenarioOptions

    @OptionGroup(title: "The target, and what is expected")
    var serverOptions: ServerOptions

    @OptionGroup(title: "Output")
    var outputOptions: OutputOptions

    @OptionGroup(title: "Files")
    var fileOptions: ReportFileOptions

    func validate() throws {
        let target = try TargetAddress.ofOption(self.target)
        try scenarioOptions.connection.trust.check(target, named: self.target)
        do {
            try target.engine.validate(try scenarioOptions.scenario(host: target.host))
        } catch let error as EngineError {
            throw ValidationError("--local-address: \(error)")
        }
    }

    func run() async throws {
        let target = try TargetAddress.ofOption(self.target)
        let scenario = try scenarioOptions.scenario(host: target.host)
        // Opened first: a run of minutes must not end in a file that cannot be written.
        let files = try fileOptions.open(json: outputOptions.json)
        let probe = try serverOptions.probe()
        probe?.process?.sayDoubt(about: target)
        let run = LoadRun(
            of: scenario,
            target: self.target,
            engine: target.engine,
            server: try await AdminClient.ofOption("--admin", serverOptions.admin),
            probe: probe,
            expectations: serverOptions.expectations
        )
        var report = try await carryOut(run, of: scenario)
        serverOptions.judge(&report)
        try files.write(report)
        try outputOptions.show(report)
    }

    /// What there is to show of a run's progress beside connections.
    private var contents: ProgressTable.Contents {
        var contents: ProgressTable.Contents = scenarioOptions.traffic.mode.sendsMessage ? [.echoes] : []
        if serverOptions.admin != nil { contents.formUnion([.ledger, .memory]) }
        if !serverOptions.probeOptions.isEmpty { contents.insert(.memory) }
        return contents
    }

    private func carryOut(_ run: LoadRun, of scenario: LoadScenario) async throws -> LoadReport {
        let display = outputOptions.quiet ? nil : ProgressDisplay(of: scenario, contents)
        // Before the run counts what the process has open.
        return try await Interrupt.endingEarly(display?.finish) {
            try await run.report { display?.show($0) }
        }
    }
}
