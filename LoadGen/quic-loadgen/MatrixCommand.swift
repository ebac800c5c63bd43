import ArgumentParser
import LoadModel

/// `quic-loadgen matrix`: what abandoned connections cost a server, by how far they came and how they vanished.
struct MatrixCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "matrix",
        abstract: "Measure what abandoned connections cost a server: bytes held × seconds held.",
        discussion: """
            Abandons connections at every point in every manner, cell after cell, and watches the target's memory until \
            it has come back. Any QUIC server on this machine will do.

              quic-loadgen matrix --target 127.0.0.1:4433 --admin http://127.0.0.1:9443
              quic-loadgen matrix --target 127.0.0.1:4433 --alpn h3 --pid 4711 \\
                --points after-initial,stream-open --manners silence

            Exits with 0 when everything was measured, with 1 when the target or Ctrl-C ended it early or the generator \
            did not give back what it used, and with 64 when the options are wrong or the target does not answer at the start.
            """
    )

    @Option(help: "The server's name or address, and its UDP port, such as localhost:4433 or [::1]:4433.")
    var target: String

    @OptionGroup(title: "How to look at it")
    var targetOptions: TargetOptions

    @OptionGroup(title: "What is tried")
    var matrixOptions: MatrixOptions

    @OptionGroup(title: "Certificates")
    var trust: TrustOptions

    @OptionGroup(title: "Output")
    var outputOptions: OutputOptions

    @Option(help: "Write the matrix as one HTML page to this file.")
    var html: String?

    func validate() throws {
        try trust.check(try TargetAddress.ofOption(target), named: target)
    }

    func run() async throws {
        let plan = try matrixOptions.plan(readsLedger: targetOptions.admin != nil)
        try ReportFile.checkDistinct(outputOptions.paths(html: html))
        let file = try outputOptions.openReportFile()
        let page = try html.map { try ReportFile.openForOption($0, "html") }
        let probe = try await targetOptions.probe()
        let address = try TargetAddress.ofOption(target)
        let doubt = probe.process?.sayDoubt(about: address)
        let check = MatrixCheck(of: plan, target: target, probe: probe, engine: TrustingEngine(address, trust))
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

    private func carryOut(_ check: MatrixCheck, _ plan: MatrixPlan) async throws -> MatrixReport {
        let display = outputOptions.quiet ? nil : MatrixDisplay(plan)
        return try await Interrupt.endingEarly(display?.finish) {
            try await check.report { display?.show($0) }
        }
    }

    private func show(_ report: MatrixReport) throws {
        if outputOptions.quiet {
            for failure in report.verdict.failures {
                StandardStream.error.write("quic-loadgen: \(failure.sentence)\n")
            }
        } else {
            StandardStream.output.write(report.text)
        }
        guard report.verdict.passed else { throw ExitCode.failure }
    }
}
