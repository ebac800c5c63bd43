import LoadModel
import Testing

extension RealProcesses {
    /// A server that keeps what it should release: the checks of the other tests have to notice.
    @Suite struct NegativeControlTests {
        private static let variable = "QUICHARNESS_NEGATIVE_CONTROL"

        @Test func keptConnectionsAreNoticedByTheGeneratorAndAtTheEnd() async throws {
            let server = try await RunningServer(
                ["--idle-timeout", "1s"],
                listening: "127.0.0.1:0",
                executable: Programs.negativeServer,
                environment: [Self.variable: "keep-closed-connections"]
            )
            let run = try await load(server)
            #expect(run.status == 1)
            #expect(run.report.outcomes.completed == 100)
            #expect(run.errors.contains("did not return to zero"))
            #expect(run.errors.contains("connection_ids"))
            let ending = try await server.stop()
            #expect(ending.status == 1)
            #expect(ending.output.contains("closed: created 100"))
            #expect(ending.errors.contains("not everything came back"))
        }

        @Test func theSameServerIsSoundWithoutTheVariable() async throws {
            try await withServer("--idle-timeout", "1s", executable: Programs.negativeServer) { server in
                let run = try await load(server)
                #expect(run.status == 0, "\(run.errors)")
            }
        }

        private func load(_ server: RunningServer) async throws -> LoadGenerator.Run {
            try await LoadGenerator.run(
                server,
                "--mode",
                "abandon",
                "--connections",
                "100",
                "--rate",
                "200",
                "--hold",
                "200ms",
                "--expect-return",
                "--return-timeout",
                "5s"
            )
        }
    }
}
