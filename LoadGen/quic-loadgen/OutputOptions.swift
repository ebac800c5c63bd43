import ArgumentParser
import LoadModel

/// The options that say where a run's progress and report go.
struct OutputOptions: ParsableArguments {
    @Option(help: "Write the report as JSON to this file.")
    var json: String?

    @Flag(help: "Show no progress and no report, only what was expected and did not happen.")
    var quiet = false

    /// The file for the JSON report, ready to be written; nil when none was asked for.
    func openReportFile() throws -> ReportFile? {
        guard let json else { return nil }
        return try ReportFile.openForOption(json, "json")
    }

    /// The files that reports go to, with the options that name them.
    func paths(html: String?) -> [(option: String, path: String)] {
        [("json", json), ("html", html)].compactMap { option, path in path.map { (option, $0) } }
    }

    /// Shows a report.
    ///
    /// - Throws: Exit code 1 when something expected did not happen.
    func show(_ report: LoadReport) throws {
        if quiet {
            for failure in report.verdict.failures {
                StandardStream.error.write("quic-loadgen: \(failure.sentence)\n")
            }
            for warning in report.warnings {
                StandardStream.error.write("quic-loadgen: \(GeneratorUsage.warningTitle): \(warning)\n")
            }
        } else {
            StandardStream.output.write(report.text)
        }
        guard report.verdict.passed else { throw ExitCode.failure }
    }
}
