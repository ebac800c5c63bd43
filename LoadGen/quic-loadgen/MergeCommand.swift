import ArgumentParser
import FoundationEssentials
import LoadModel

/// `quic-loadgen merge`: the reports of several generators as one.
struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Make one report of those of several generators that loaded one target.",
        discussion: """
            Connections, counts and histograms are added, so that percentiles are those of all latencies. Each generator \
            writes its report with run --json.

              quic-loadgen merge machine-1.json machine-2.json --json all.json

            Exits with 1 when something expected did not happen, and with 64 when reports do not belong together.
            """
    )

    @Argument(help: "The reports, as JSON.")
    var reports: [String]

    @OptionGroup(title: "Output")
    var outputOptions: OutputOptions

    @OptionGroup(title: "Files")
    var fileOptions: ReportFileOptions

    func run() throws {
        let files = try fileOptions.open(json: outputOptions.json)
        let parts = try reports.map { (name: $0, data: try Self.data(of: $0)) }
        let report: LoadReport
        do {
            // A report of another version may not be readable, and that is the better reason to name.
            try ReportHeader.check(try parts.map { ($0.name, try Self.decode(ReportHeader.self, $0.data, $0.name)) })
            report = try LoadReport(
                merging: try parts.map {
                    NamedReport(name: $0.name, report: try Self.decode(LoadReport.self, $0.data, $0.name))
                }
            )
        } catch let error as MergeError {
            throw ValidationError("\(error)")
        }
        try files.write(report)
        try outputOptions.show(report)
    }

    private static func data(of name: String) throws -> Data {
        do {
            return try Data(contentsOf: URL(filePath: name))
        } catch {
            throw ValidationError("\(name) cannot be read: is it there?")
        }
    }

    private static func decode<Value: Decodable>(_: Value.Type, _ data: Data, _ name: String) throws -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: data)
        } catch {
            throw ValidationError("\(name) is no report of quic-loadgen: \(error)")
        }
    }
}
