import Foundation
import LoadModel

/// `quic-loadgen matrix` as a process.
enum MatrixMaker {
    /// The part of its JSON that tests look at.
    struct Report: Decodable {
        let cells: [MatrixCell]
        let measure: MemoryMeasure
        let notes: [String]
        let verdict: Verdict

        var matrix: AbandonMatrix { AbandonMatrix(cells) }
    }

    /// How a matrix ended.
    struct Run {
        let status: Int32
        let report: Report
        let ending: RunningProgram.Ending
    }

    /// Measures a target to the end, and reads the report.
    static func run(_ target: String, _ options: String...) async throws -> Run {
        let folder = try TemporaryFolder()
        let ending = try await start(target, options + ["--json", folder.path("report")]).ending()
        let json = folder.text(of: "report")
        guard !json.isEmpty else {
            throw RunningProgram.Failure(description: "matrix wrote no report\n\(ending.errors)")
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(json.utf8))
        return Run(status: ending.status, report: report, ending: ending)
    }

    /// Starts a matrix.
    static func start(_ target: String, _ options: [String]) throws -> RunningProgram {
        let arguments = ["matrix", "--target", target] + options
        return try RunningProgram(Programs.loadGenerator, arguments, seconds: 100)
    }
}
