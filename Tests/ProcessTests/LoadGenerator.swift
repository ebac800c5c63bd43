import Foundation
import LoadModel

/// Our load generator as a process.
enum LoadGenerator {
    /// How a run ended.
    struct Run {
        let status: Int32
        let report: LoadReport
        let errors: String
    }

    /// Runs the load generator to its end, and reads its report.
    static func run(_ target: String, _ options: String...) async throws -> Run {
        try await start(target, options).ending()
    }

    /// The same, with what it expects of `server`'s statistics.
    static func run(_ server: RunningServer, _ options: String...) async throws -> Run {
        try await start(server, options).ending()
    }

    /// Starts the load generator, which is to watch `server`'s statistics.
    static func start(_ server: RunningServer, _ options: [String]) throws -> Running {
        try start(server.address, ["--admin", server.admin] + options)
    }

    /// Starts the load generator.
    static func start(_ target: String, _ options: [String]) throws -> Running {
        try Running(target, options)
    }

    /// A run under way.
    final class Running {
        private let program: RunningProgram
        private let folder: TemporaryFolder

        fileprivate init(_ target: String, _ options: [String]) throws {
            folder = try TemporaryFolder()
            let arguments = ["run", "--target", target, "--quiet", "--json", folder.path("report")] + options
            program = try RunningProgram(Programs.loadGenerator, arguments, seconds: 100)
        }

        /// Lets it close its connections, and report on what it has done so far.
        func interrupt() {
            program.send(SIGINT)
        }

        /// Waits for its end.
        func ending() async throws -> Run {
            let ending = try await program.ending()
            let json = folder.text(of: "report")
            guard !json.isEmpty else {
                throw RunningProgram.Failure(description: "quic-loadgen wrote no report\n\(ending.errors)")
            }
            let report = try JSONDecoder().decode(LoadReport.self, from: Data(json.utf8))
            return Run(status: ending.status, report: report, errors: ending.errors)
        }
    }
}
