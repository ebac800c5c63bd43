import Foundation

/// `path-relay` as a process, ready to be sent to.
final class RunningRelay {
    /// Its counts at the end, by direction and name: `up lost`, `down delivered`; `clients`, `rebound` and
    /// `microseconds` have no direction.
    struct Counts: Equatable {
        private let numbers: [String: Int]

        /// The counts in the line that `path-relay` ends with.
        init(_ line: Substring) {
            var numbers: [String: Int] = [:]
            for part in line.split(separator: ";") {
                let halves = part.split(separator: ":")
                let direction = halves.count == 2 ? halves[0].trimmingCharacters(in: .whitespaces) + " " : ""
                for count in halves.last?.split(separator: ",") ?? [] {
                    let words = count.split(separator: " ")
                    numbers[direction + words.dropLast().joined(separator: " ")] = words.last.flatMap { Int($0) }
                }
            }
            self.numbers = numbers
        }

        subscript(name: String) -> Int? { numbers[name] }
    }

    /// Where clients send to, such as `127.0.0.1:4433`.
    let address: String
    private let program: RunningProgram

    /// Starts a relay to `target`.
    init(to target: String, _ options: [String]) async throws {
        program = try RunningProgram(Programs.pathRelay, ["--target", target] + options, seconds: 100)
        address = try await program.line(startingWith: "listening on ")
    }

    /// Asks it to end with `signal`, waits until it has, and returns what it has done.
    func stop(with signal: Int32 = SIGTERM) async throws -> Counts {
        program.send(signal)
        return try await ending()
    }

    /// Waits until it has ended, and returns what it has done.
    func ending() async throws -> Counts {
        let ending = try await program.ending()
        let prefix = "relayed "
        guard ending.status == 0, let line = ending.output.split(separator: "\n").last, line.hasPrefix(prefix) else {
            throw RunningProgram.Failure(description: "path-relay ended with \(ending.status)\n\(ending.errors)")
        }
        return Counts(line.dropFirst(prefix.count))
    }
}
