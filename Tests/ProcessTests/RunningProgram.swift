import Foundation

/// A program under a watchdog: it ends by itself, at a signal, when its time is up, or when nobody holds this any more.
///
/// `timeout` of coreutils is the watchdog, a process of its own: it keeps its word even if the tests are killed.
///
/// Owns: the process, and two files with its output. Released by: `deinit`.
final class RunningProgram {
    /// What did not happen, with what the program wrote.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// How a program ended, and what it wrote.
    struct Ending {
        let status: Int32
        let output: String
        let errors: String
    }

    private let name: String
    private let process: ChildProcess
    private let folder: TemporaryFolder

    /// How often the state of the process is looked at.
    private static let interval = Duration.milliseconds(10)
    /// How long after SIGTERM a program is killed.
    private static let secondsBeforeKill = 10

    /// Starts `program`, which may run for `seconds`.
    init(
        _ program: URL,
        _ arguments: [String],
        environment: [String: String] = [:],
        seconds: Int = 60
    ) throws {
        name = program.lastPathComponent
        folder = try TemporaryFolder()
        // In the foreground, or the program would see each signal twice.
        let watchdog = ["--foreground", "--kill-after=\(Self.secondsBeforeKill)", "\(seconds)"]
        process = try ChildProcess(
            "/usr/bin/timeout",
            watchdog + [program.path] + arguments,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
            output: folder.path("output"),
            errors: folder.path("errors")
        )
    }

    /// What it has written to standard output so far.
    var output: String { folder.text(of: "output") }

    /// What it has written to standard error so far.
    var errors: String { folder.text(of: "errors") }

    /// Waits for a line that starts with `prefix` on standard output, and returns the rest of it; fails after `seconds`.
    func line(startingWith prefix: String, within seconds: Double = 20) async throws -> String {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            let isInTime = ContinuousClock.now < deadline
            let isRunning = process.exitStatus == nil
            // The last line may be half written.
            let lines = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let line = lines.first(where: { $0.hasPrefix(prefix) }) { return String(line.dropFirst(prefix.count)) }
            guard isRunning else { throw failure("ended without saying '\(prefix)'") }
            guard isInTime else { throw failure("has not said '\(prefix)' within \(seconds) s") }
            try await Task.sleep(for: Self.interval)
        }
    }

    private func failure(_ sentence: String) -> Failure {
        Failure(description: "\(name) \(sentence)\n\(output)\(errors)")
    }

    /// Sends it a signal.
    func send(_ signal: Int32) {
        process.send(signal)
    }

    /// The program's own process: the only child of its watchdog.
    var processID: pid_t {
        get throws {
            let watchdog = process.processID
            let children = try String(contentsOfFile: "/proc/\(watchdog)/task/\(watchdog)/children", encoding: .utf8)
            guard let child = children.split(separator: " ").first.flatMap({ pid_t($0) }) else {
                throw Failure(description: "\(name) does not run\n\(errors)")
            }
            return child
        }
    }

    /// Waits until it has ended.
    func ending() async throws -> Ending {
        while true {
            if let status = process.exitStatus { return Ending(status: status, output: output, errors: errors) }
            try await Task.sleep(for: Self.interval)
        }
    }

    /// Runs a program to its end.
    static func run(
        _ program: URL,
        _ arguments: [String],
        environment: [String: String] = [:],
        seconds: Int = 60
    ) async throws -> Ending {
        try await RunningProgram(program, arguments, environment: environment, seconds: seconds).ending()
    }
}
