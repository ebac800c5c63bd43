import Foundation
import LoadModel
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Our server as a process, ready to be connected to.
final class RunningServer {
    /// Where it listens, such as `127.0.0.1:4433`.
    let address: String
    /// Its admin interface, such as `http://127.0.0.1:9443`.
    let admin: String
    private let program: RunningProgram

    /// - Parameter workers: The threads where `options` do not tell: limits for each of them are then those of the whole server. Nil
    ///   for as many as the server chooses.
    init(
        _ options: [String],
        listening address: String,
        workers: Int? = 1,
        executable: URL,
        environment: [String: String]
    ) async throws {
        let chosen = options.contains("--workers") ? nil : workers
        let threads = chosen.map { ["--workers", "\($0)"] } ?? []
        let arguments = ["--listen", address, "--admin", "127.0.0.1:0"] + threads + options
        program = try RunningProgram(executable, arguments, environment: environment, seconds: 110)
        self.address = try await program.line(startingWith: "listening on ")
        admin = try await program.line(startingWith: "admin on ")
    }

    /// The host and the port of ``address``, apart and without brackets.
    var hostAndPort: [String] {
        let colon = address.lastIndex(of: ":") ?? address.endIndex
        let host = address[..<colon].trimmingCharacters(in: ["[", "]"])
        return [host, String(address[colon...].dropFirst())]
    }

    /// Its process.
    var processID: pid_t {
        get throws { try program.processID }
    }

    /// What it says of itself now.
    func statistics() async throws -> ServerSnapshot {
        try await decodedStatistics()
    }

    /// Waits until its statistics are as `isExpected` wants them, and returns them; fails after `seconds`.
    func statistics(
        within seconds: Double,
        when isExpected: (ServerSnapshot) -> Bool
    ) async throws -> ServerSnapshot {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            let snapshot = try await statistics()
            if isExpected(snapshot) { return snapshot }
            guard ContinuousClock.now < deadline else {
                throw RunningProgram.Failure(description: "not within \(seconds) s: the server says \(snapshot)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The signals that ask it to end: those that its watchdog passes on. What cannot be asked for, ``die()`` does.
    enum StopSignal: CaseIterable {
        case terminate
        case interrupt

        fileprivate var number: Int32 {
            switch self {
            case .terminate: SIGTERM
            case .interrupt: SIGINT
            }
        }
    }

    /// Asks it to end with a signal, and waits until it has.
    func stop(with signal: StopSignal = .terminate) async throws -> RunningProgram.Ending {
        program.send(signal.number)
        return try await program.ending()
    }

    /// Asks it to end, and goes on.
    func signal(_ signal: StopSignal) {
        program.send(signal.number)
    }

    /// Waits until it has ended.
    func ending() async throws -> RunningProgram.Ending {
        try await program.ending()
    }

    /// Ends it without a chance to say anything, as a crash does.
    func die() async throws {
        // Not through its watchdog, which would die instead and leave it alone.
        kill(try processID, SIGKILL)
        _ = try await program.ending()
    }

    /// The address each of its clients comes from, without its port.
    func remoteHosts() async throws -> [String] {
        struct Client: Decodable {
            let remote: String
        }
        return try await decoded([Client].self, from: "connections").map { String($0.remote.prefix { $0 != ":" }) }
    }

    /// Keeps it from running for `duration`, as a busy machine or a stopped disk might.
    func standStill(for duration: Duration) async throws {
        let processID = try processID
        kill(processID, SIGSTOP)
        try await Task.sleep(for: duration)
        kill(processID, SIGCONT)
    }

    /// A part of `GET /stats` that ``ServerSnapshot`` leaves out.
    func decodedStatistics<Part: Decodable>(as type: Part.Type = Part.self) async throws -> Part {
        try await decoded(type, from: "stats")
    }

    /// The status of `GET /ready`.
    func readiness() async throws -> Int {
        let url = try #require(URL(string: "\(admin)/ready"))
        return try #require(try await URLSession.shared.data(from: url).1 as? HTTPURLResponse).statusCode
    }

    /// Waits until it drains.
    func waitUntilDraining() async throws {
        struct Drain: Decodable { let is_draining: Bool }
        while try await !decodedStatistics(as: Drain.self).is_draining { try await Task.sleep(for: .milliseconds(20)) }
    }

    private func decoded<Part: Decodable>(_: Part.Type, from page: String) async throws -> Part {
        guard let url = URL(string: "\(admin)/\(page)") else {
            throw RunningProgram.Failure(description: "\(admin) is not an address")
        }
        let (body, _) = try await URLSession.shared.data(from: url)
        return try JSONDecoder().decode(Part.self, from: body)
    }
}

/// Starts a server, has `body` use it, ends it with SIGTERM, and expects that everything came back.
func withServer(
    _ options: String...,
    listening address: String = "127.0.0.1:0",
    workers: Int? = 1,
    executable: URL? = nil,
    environment: [String: String] = [:],
    _ body: (RunningServer) async throws -> Void
) async throws {
    let executable = try executable ?? Programs.server
    let server = try await RunningServer(
        options,
        listening: address,
        workers: workers,
        executable: executable,
        environment: environment
    )
    try await body(server)
    let ending = try await server.stop()
    #expect(ending.status == 0, "\(ending.errors)")
    expectNothingIsLeft(ending.output)
}

/// Expects the server's last line to say that everything came back.
func expectNothingIsLeft(_ output: String) {
    let last = output.split(separator: "\n").last.map(String.init) ?? ""
    let created = last.firstMatch(of: /^closed: created (\d+),/)?.1 ?? "?"
    let expected = """
        closed: created \(created), closed \(created), live 0, connection IDs 0, deadlines 0, ledger 0 bytes in 0 blocks
        """
    #expect(last == expected)
}
