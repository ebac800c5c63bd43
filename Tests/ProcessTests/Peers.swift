import Foundation

/// The independent peers of Tests/Peers. Each prints its result as one line of JSON.
enum Peers {
    /// Runs the peer `name`, and reads its result.
    static func run<Result: Decodable>(_ name: String, _ arguments: [String], as: Result.Type) async throws -> Result {
        let ending = try await start(name, arguments).ending()
        guard ending.status == 0 else {
            throw RunningProgram.Failure(description: "\(name) failed with \(ending.status)\n\(ending.errors)")
        }
        return try JSONDecoder().decode(Result.self, from: Data(ending.output.utf8))
    }

    /// Starts the peer `name`, which may run for `seconds`.
    static func start(_ name: String, _ arguments: [String], seconds: Int = 60) throws -> RunningProgram {
        try RunningProgram(Programs.python, [Programs.peer(name).path] + arguments, seconds: seconds)
    }
}
