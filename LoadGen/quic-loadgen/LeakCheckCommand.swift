import ArgumentParser
import LoadModel

/// `quic-loadgen leakcheck`: whether a server's memory comes back after connections.
struct LeakCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leakcheck",
        abstract: "Tell whether a server's memory comes back after connections.",
        discussion: """
            Opens the same connections in several cycles, reads the target's memory after each, and judges its slope \
            over the connections made. Any QUIC server on this machine will do.

              quic-loadgen leakcheck --target 127.0.0.1:4433 --alpn h3 --pid 4711 --settle 35s

            Exits with 0 when memory returns, with 1 when it leaks or the target ends, with 2 when the readings do not \
            tell, and with 64 when the options are wrong or the target does not answer at the start.
            """
    )

    @Option(help: "The server's name or address, and its UDP port, such as localhost:4433 or [::1]:4433.")
    var target: String

    @OptionGroup(title: "How to look at it")
    var targetOptions: TargetOptions

    @OptionGroup(title: "What connections do")
    var checkOptions: LeakCheckOptions

    @OptionGroup(title: "Certificates")
    var trust: TrustOptions

    @OptionGroup(title: "Output")
    var outputOptions: OutputOptions

    @Option(help: "Write the report as one HTML page with plots to this file.")
    var html: String?

    func validate() throws {
        try trust.check(try TargetAddress.ofOption(target), named: target)
    }

    func run() async throws {
        let plan = try checkOptions.plan(knowsLiveBytes: targetOptions.admin != nil)
        try ReportFile.checkDistinct(outputOptions.paths(html: html))
        let file = try outputOptions.openReportFile()
        let page = try html.map { try ReportFile.openForOption($0, "html") }
        let probe = try await targetOptions.probe()
        let address = try TargetAddress.ofOption(target)
        let doubt = probe.process?.sayDoubt(about: address)
        let engine = TrustingEngine(address, trust)
        let check = LeakCheck(of: plan, target: target, probe: probe) { scenario in
            try await engine.run(scenario: scenario, targetReading: { nil }, onProgress: { _ in }).outcomes
        }
        do {
            try await check.introduce()
        } catch let error as LeakCheck.Unanswered {
            throw ValidationError("--target \(target): \(error)")
        }
        var report = try await carryOut(check, plan)
        if let doubt { report.notes.append(doubt) }
        try file?.write(report)
        try page?.write(text: report.page.html)
        try show(report)
    }

    private func carryOut(_ check: LeakCheck, _ plan: LeakPlan) async throws -> LeakReport {
        let display = outputOptions.quiet ? nil : LeakCheckDisplay(plan)
        return try await Interrupt.endingEarly(display?.finish) {
            try await check.report { display?.show($0) }
        }
    }

    private func show(_ report: LeakReport) throws {
        let verdict = report.assessment.verdict
        if !outputOptions.quiet {
            StandardStream.output.write(report.text)
        } else if verdict.exitCode != 0 {
            StandardStream.error.write("quic-loadgen: \(report.assessment.verdictLines)\n")
        }
        guard verdict.exitCode == 0 else { throw ExitCode(verdict.exitCode) }
    }
}
