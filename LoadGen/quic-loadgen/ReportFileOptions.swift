import ArgumentParser
import LoadModel

/// The options that name files for parts of a load report, beside the JSON.
struct ReportFileOptions: ParsableArguments {
    @Option(help: "Write what happened when, a line a second, as comma-separated values to this file.")
    var csv: String?

    @Option(
        help: """
            Write the distribution of each latency for the plotters of HdrHistogram: --hgrm run.hgrm writes \
            run.handshake.hgrm, run.echo.hgrm and so on.
            """
    )
    var hgrm: String?

    @Option(help: "Write the report as one HTML page with plots to this file.")
    var html: String?

    /// The files that were asked for, ready to be written.
    ///
    /// - Parameter json: The file of the whole report.
    func open(json: String?) throws -> LoadReportFiles {
        let distributions = hgrm.map { LoadReportFiles.distributionPaths(beside: $0) } ?? []
        let named = [("json", json), ("csv", csv), ("html", html)].compactMap { option, path in
            path.map { (option: option, path: $0) }
        }
        try ReportFile.checkDistinct(named + distributions.map { ("hgrm", $0.path) })
        return LoadReportFiles(
            json: try json.map { try ReportFile.openForOption($0, "json") },
            csv: try csv.map { try ReportFile.openForOption($0, "csv") },
            html: try html.map { try ReportFile.openForOption($0, "html") },
            distributions: try distributions.map { ($0.latency, try ReportFile.openForOption($0.path, "hgrm")) }
        )
    }
}
