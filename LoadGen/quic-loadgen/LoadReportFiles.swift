import LoadModel

/// The files a load report goes to, opened before the run.
struct LoadReportFiles {
    let json: ReportFile?
    let csv: ReportFile?
    let html: ReportFile?
    /// A file for each latency, by its name in the JSON.
    let distributions: [(latency: String, file: ReportFile)]

    /// Writes what was asked for. A latency that was not measured leaves its file as it was.
    func write(_ report: LoadReport) throws {
        try json?.write(report)
        try csv?.write(text: (report.timeline ?? Timeline()).csv)
        try html?.write(text: report.page().html)
        for (latency, file) in distributions {
            guard let histogram = report.histograms?.all.first(where: { $0.name == latency })?.figure,
                histogram.count > 0
            else { continue }
            try file.write(text: LatencyRecorder(histogram).hgrm)
        }
    }

    /// The file of each latency when `path` was asked for: `run.hgrm` becomes `run.echo.hgrm`.
    static func distributionPaths(beside path: String) -> [(latency: String, path: String)] {
        let ending = ".hgrm"
        let stem = path.hasSuffix(ending) ? String(path.dropLast(ending.count)) : path
        return LoadReport.latencyNames.map { ($0, "\(stem).\($0)\(ending)") }
    }
}
