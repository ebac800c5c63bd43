import Foundation
import LoadModel

/// `quic-loadgen leakcheck` as a process.
enum LeakChecker {
    /// The part of its JSON that tests look at.
    struct Report: Decodable {
        struct Cycle: Decodable {
            let connections: Int
            let unreturned: [String]?
        }

        let cycles: [Cycle]
        let assessment: LeakAssessment
        let notes: [String]
    }

    /// How a check ended.
    struct Check {
        let status: Int32
        let report: Report
        let ending: RunningProgram.Ending

        /// What is said to stay for each connection, in bytes; nil unless the verdict is that memory leaks.
        var leakedBytes: Double? {
            if case .leaks(let bytes, _) = report.assessment.verdict { bytes } else { nil }
        }
    }

    /// Checks a target to the end, and reads the report.
    static func run(_ target: String, _ options: [String]) async throws -> Check {
        let folder = try TemporaryFolder()
        let ending = try await start(target, options + ["--json", folder.path("report")]).ending()
        let json = folder.text(of: "report")
        guard !json.isEmpty else {
            throw RunningProgram.Failure(description: "leakcheck wrote no report\n\(ending.errors)")
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(json.utf8))
        return Check(status: ending.status, report: report, ending: ending)
    }

    /// Starts a check.
    static func start(_ target: String, _ options: [String]) throws -> RunningProgram {
        let arguments = ["leakcheck", "--target", target] + options
        return try RunningProgram(Programs.loadGenerator, arguments, seconds: 100)
    }
}
