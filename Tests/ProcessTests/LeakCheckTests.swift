import Foundation
import LoadModel
import Testing

extension PatientProcesses {
    /// `quic-loadgen leakcheck` against servers of which it is known whether they leak.
    @Suite struct LeakCheckTests {
        /// Small cycles: a test is to take less than twenty seconds.
        private static let small = ["--cycles", "4", "--connections", "300", "--rate", "300"]

        @Test func aServerThatKeepsItsConnectionsLeaksWhatItsLedgerSays() async throws {
            let server = try await RunningServer(
                ["--idle-timeout", "1s"],
                listening: "127.0.0.1:0",
                executable: Programs.negativeServer,
                environment: ["QUICHARNESS_NEGATIVE_CONTROL": "keep-closed-connections"]
            )
            let watched = ["--admin", server.admin, "--settle", "2s"]
            let check = try await LeakChecker.run(server.address, Self.small + watched)
            #expect(check.status == 1, "\(check.ending.output)")
            let statistics = try await server.statistics()
            // One more than the cycles' connections: the first, which shows that the target answers.
            #expect(statistics.connections.created == 1_201)
            let trueBytes = Double(statistics.ledger.total.liveBytes) / 1_201
            let leakedBytes = try #require(check.leakedBytes)
            #expect(abs(leakedBytes - trueBytes) < trueBytes / 5, "\(leakedBytes) for \(trueBytes)")
            #expect(check.report.assessment.stayed.contains { $0.name == "ledger.transport" })
            #expect(check.report.cycles.last?.unreturned?.isEmpty == false)
            #expect(try await server.stop().status == 1)
        }

        @Test(arguments: [LeakManner.silent, .mixed])
        func theSameServerReturnsWithoutTheFault(_ manner: LeakManner) async throws {
            let server = try await RunningServer(
                ["--idle-timeout", "1s", "--handshake-timeout", "1s", "--retry", "never"],
                listening: "127.0.0.1:0",
                executable: Programs.negativeServer,
                environment: [:]
            )
            let watched = ["--admin", server.admin, "--settle", "10s", "--manner", manner.rawValue]
            let check = try await LeakChecker.run(server.address, Self.small + watched)
            #expect(check.status == 0, "\(check.ending.output)")
            #expect(check.report.cycles.map(\.connections) == [300, 300, 300, 300])
            #expect(check.report.cycles.allSatisfy { $0.unreturned == [] })
            #expect(check.report.notes == [])
            let statistics = try await server.statistics()
            #expect(statistics.connections.created == 1_201)
            // Nobody but the half-open ones leaves in the middle of a handshake.
            #expect(statistics.closedByCause["handshake_timeout"] == (manner == .mixed ? 400 : 0))
            #expect(try await server.stop().status == 0)
        }

        @Test(arguments: [true, false])
        func anotherServerIsJudgedByItsProcessAlone(keepsConnections: Bool) async throws {
            let folder = try TemporaryFolder()
            let certificate = try await CertificateFiles(.ecdsa, in: folder)
            let files = [certificate.privateKey, certificate.certificate]
            let server = try Peers.start("echo_server.py", files + (keepsConnections ? ["--keep"] : []), seconds: 110)
            let port = try await server.line(startingWith: "listening on ")
            let process = try await server.line(startingWith: "process ")
            // A server in Python completes a hundred handshakes a second where it has a core for itself.
            let check = try await LeakChecker.run(
                "127.0.0.1:\(port)",
                ["--pid", process, "--manner", "close", "--cycles", "6", "--connections", "100", "--rate", "15"]
                    + ["--settle", "3s", "--expect-return", "16KiB"]
            )
            #expect(check.status == (keepsConnections ? 1 : 0), "\(check.ending.output)")
            #expect(check.report.notes == [])
            server.send(SIGTERM)
            _ = try await server.ending()
        }

        @Test func debiansServerIsNotSaidToLeak() async throws {
            try await withDebianServer { target, process in
                let options = ["--alpn", "h3", "--pid", "\(process)", "--manner", "close", "--settle", "2s"]
                let check = try await LeakChecker.run(target, Self.small + options)
                #expect([0, 2].contains(check.status), "\(check.ending.output)")
                #expect(check.report.cycles.map(\.connections) == [300, 300, 300, 300])
                #expect(check.report.notes == [])
            }
        }
    }
}

// MARK: - What goes wrong

extension PatientProcesses.LeakCheckTests {
    @Test func nothingToWatchExitsWith64() async throws {
        try await expectRefusal([], naming: "name the target with --pid, --cgroup or --admin")
    }

    @Test func whatCannotBeWatchedExitsWith64AndIsNamed() async throws {
        let folder = try TemporaryFolder()
        try await expectRefusal(["--pid", "4194305"], naming: "--pid 4194305: there is no process 4194305")
        try await expectRefusal(["--cgroup", "/no/group"], naming: "--cgroup /no/group: /no/group: No such file")
        try await expectRefusal(
            ["--cgroup", folder.url.path],
            naming: "has no memory.current and memory.stat: it is no group of cgroup v2"
        )
        try await expectRefusal(["--admin", "http://127.0.0.1:1"], naming: "--admin: GET http://127.0.0.1:1/stats: ")
    }

    @Test func aCycleTooFewExitsWith64() async throws {
        let options = ["--pid", "\(getpid())", "--cycles", "3"]
        try await expectRefusal(options, naming: "--cycles 3 is not accepted: use 4 to")
    }

    @Test func aTargetThatDoesNotAnswerExitsWith64() async throws {
        try await expectRefusal(["--pid", "\(getpid())"], naming: #"came to "refused""#)
    }

    private func expectRefusal(_ options: [String], naming reason: String) async throws {
        try await withClosedPort { target in
            let ending = try await LeakChecker.start(target, options).ending()
            #expect(ending.status == 64)
            #expect(ending.errors.contains(reason), "\(ending.errors)")
        }
    }

    @Test(arguments: [LeakManner.silent, .halfOpen])
    func aTargetThatEndsInTheMiddleExitsWith1AndIsNamed(_ manner: LeakManner) async throws {
        let server = try await RunningServer(
            ["--idle-timeout", "1s"],
            listening: "127.0.0.1:0",
            executable: Programs.server,
            environment: [:]
        )
        let process = try server.processID
        let options = ["--pid", "\(process)", "--manner", manner.rawValue, "--settle", "5s", "--connections", "3000"]
        let check = try LeakChecker.start(server.address, options)
        while !check.errors.contains("cycle 1 of 6") { try await Task.sleep(for: .milliseconds(10)) }
        try await Task.sleep(for: .milliseconds(500))
        kill(process, SIGKILL)
        let ending = try await check.ending()
        #expect(ending.status == 1)
        #expect(ending.errors.contains("the target ended: process \(process) is gone"), "\(ending.errors)")
    }

    @Test func aProcessThatIsNotTheServerIsDoubted() async throws {
        try await withServer("--idle-timeout", "1s") { server in
            let options = ["--pid", "\(getpid())", "--manner", "close", "--settle", "100ms", "--cycles", "4"]
            let check = try await LeakChecker.run(server.address, options + ["--connections", "20", "--quiet"])
            let port = try #require(server.hostAndPort.last)
            #expect(check.report.notes.contains { $0.contains("has no socket on UDP port \(port): is it the server?") })
            // Of a check that says nothing else, too.
            #expect(check.ending.errors.hasPrefix("quic-loadgen: process \(getpid()) "), "\(check.ending.errors)")
        }
    }

    @Test func aControlGroupIsRead() async throws {
        // Written as the kernel writes it: a real group needs rights that tests do not have.
        let folder = try TemporaryFolder()
        _ = try folder.write("4096000\n", to: "memory.current")
        _ = try folder.write("anon 2048000\nfile 1024\nsock 4096\nslab 512\n", to: "memory.stat")
        try await withServer("--idle-timeout", "1s") { server in
            let options = ["--cgroup", folder.url.path, "--manner", "close", "--settle", "100ms", "--cycles", "4"]
            let check = try await LeakChecker.run(server.address, options + ["--connections", "20"])
            let bytes = check.report.assessment.cycles.map(\.memory.controlGroupBytes)
            #expect(bytes == [2_048_000, 2_048_000, 2_048_000, 2_048_000])
        }
    }
}
