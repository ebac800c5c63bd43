import LoadModel
import Testing

extension RealProcesses {
    /// Our load generator against our server.
    @Suite struct LoadTests {
        @Test(arguments: LoadMode.allCases)
        func everyConnectionDoesAllItsModeAsksForAndComesBack(_ mode: LoadMode) async throws {
            // Those that vanish wait for it; a herd may need longer than that until it is complete.
            try await withServer("--idle-timeout", mode.closesPolitely ? "1m" : "2s") { server in
                let run = try await LoadGenerator.run(
                    server,
                    "--mode",
                    mode.rawValue,
                    "--connections",
                    "200",
                    "--rate",
                    "400",
                    "--hold",
                    "300ms",
                    "--bulk-bytes",
                    "20KiB",
                    "--expect-return"
                )
                #expect(run.status == 0, "\(run.errors)")
                expect(run.report.outcomes, of: 200, in: mode)
                #expect(run.report.server?.after?.hasReturned == true)
                #expect(run.report.server?.after?.connections.created == 200)
            }
        }

        @Test(arguments: ["0", "64KiB", "1MiB"])
        func messagesOfEveryLengthComeBack(_ length: String) async throws {
            try await withServer { server in
                let run = try await LoadGenerator.run(
                    server,
                    "--message-bytes",
                    length,
                    "--connections",
                    "20",
                    "--rate",
                    "50",
                    "--expect-return"
                )
                #expect(run.status == 0, "\(run.errors)")
                #expect(run.report.outcomes.completed == 20)
                #expect(run.report.outcomes.echoed == (length == "0" ? 0 : 20))
            }
        }

        @Test(arguments: ["64", "1MiB"])
        func answersOfHQInteropArrive(_ length: String) async throws {
            try await withServer("--alpn", "hq-interop") { server in
                let run = try await LoadGenerator.run(
                    server,
                    "--alpn",
                    "hq-interop",
                    "--message-bytes",
                    length,
                    "--connections",
                    "20",
                    "--rate",
                    "50",
                    "--expect-return"
                )
                #expect(run.status == 0, "\(run.errors)")
                #expect(run.report.outcomes.echoed == 20)
            }
        }

        @Test func severalWorkersShareTheConnections() async throws {
            try await withServer("--workers", "2", "--idle-timeout", "2s") { server in
                let run = try await LoadGenerator.run(
                    server,
                    "--mode",
                    "abandon",
                    "--connections",
                    "400",
                    "--rate",
                    "400",
                    "--hold",
                    "300ms",
                    "--sockets",
                    "32",
                    "--workers",
                    "2",
                    "--expect-return"
                )
                #expect(run.status == 0, "\(run.errors)")
                expect(run.report.outcomes, of: 400, in: .abandon)
            }
        }

        @Test func connectionsOverIPv6ComeBack() async throws {
            try await withServer(listening: "[::1]:0") { server in
                let run = try await LoadGenerator.run(server, "--connections", "20", "--expect-return")
                #expect(run.status == 0, "\(run.errors)")
                expect(run.report.outcomes, of: 20, in: .echo)
            }
        }

        @Test func aRetryForEachConnectionCostsNone() async throws {
            try await withServer("--retry", "always") { server in
                let run = try await LoadGenerator.run(
                    server,
                    "--connections",
                    "200",
                    "--rate",
                    "400",
                    "--expect-return"
                )
                #expect(run.status == 0, "\(run.errors)")
                expect(run.report.outcomes, of: 200, in: .echo)
                #expect(try await server.decodedStatistics(as: StatelessAnswers.self).retries >= 200)
            }
        }

        private func expect(_ outcomes: OutcomeCounts, of count: Int, in mode: LoadMode) {
            #expect(outcomes.scheduled == count)
            #expect(outcomes.answered == count)
            #expect(outcomes.established == count)
            #expect(outcomes.used == (mode.sendsMessage ? count : 0))
            #expect(outcomes.completed == count)
            #expect(outcomes.failed == 0)
            #expect(outcomes.echoed == (mode.sendsMessage ? count : 0))
            #expect(outcomes.closed == (mode.closesPolitely ? count : 0))
            #expect(outcomes.abandoned == (mode.closesPolitely ? 0 : count))
        }
    }
}
