import Foundation
import LoadModel
import Testing

extension RealProcesses {
    /// The subcommands that calculate: `plan` and `merge`.
    @Suite struct PlanAndMergeTests {
        private func run(_ arguments: [String]) async throws -> RunningProgram.Ending {
            try await RunningProgram.run(Programs.loadGenerator, arguments, seconds: 20)
        }

        @Test func aPlanSaysHowMuchMemoryARateNeeds() async throws {
            let folder = try TemporaryFolder()
            let costs = ["--handshaking-bytes", "40KiB", "--handshake-timeout", "10s", "--base", "10MiB"]
            let ending = try await run(
                ["plan", "--rate", "1000", "--mix", "half-open=1"] + costs + ["--json", folder.path("plan")]
            )
            #expect(ending.status == 0, "\(ending.errors)")
            // 1000 a second, 10 s and 40 KiB each.
            #expect(ending.output.hasPrefix("1000.0 arrivals per second need 400.6 MiB\n"))
            let plan = try JSONDecoder().decode(CapacityPlan.self, from: Data(folder.text(of: "plan").utf8))
            #expect(plan.memoryBytes == 1_000 * 10 * 40_960 + 10 * 1_048_576)
            #expect(plan.live(.handshaking) == 10_000)
        }

        @Test func aPlanSaysWhatAMemoryLimitSurvives() async throws {
            let ending = try await run(
                ["plan", "--memory", "1GiB", "--mix", "honest=1,silent=1", "--established-bytes", "1MiB"]
            )
            #expect(ending.status == 0, "\(ending.errors)")
            // 1 MiB for 10 s or for 30 s.
            #expect(ending.output.hasPrefix("1 GiB survive 51.2 arrivals per second\n"))
        }

        @Test(arguments: [
            ([], "give either --memory or --rate"), (["--memory", "1GiB", "--rate", "1"], "give either"),
            (["--rate", "1", "--mix", "rude=1"], "honest, silent, half-open, closing"),
            (["--memory", "1GiB"], "--mix without cost is not accepted"),
        ])
        func aPlanThatSaysNothingExitsWith64(_ options: [String], _ reason: String) async throws {
            let ending = try await run(["plan"] + options)
            #expect(ending.status == 64)
            #expect(ending.errors.contains(reason), "\(ending.errors)")
        }

        @Test func twoReportsBecomeOne() async throws {
            let folder = try TemporaryFolder()
            try await withServer { server in
                for name in ["1", "2"] {
                    let options = ["--quiet", "--connections", "40", "--rate", "200", "--json", folder.path(name)]
                    let ending = try await run(["run", "--target", server.address] + options)
                    #expect(ending.status == 0, "\(ending.errors)")
                }
            }
            let ending = try await run(["merge", folder.path("1"), folder.path("2"), "--json", folder.path("all")])
            #expect(ending.status == 0, "\(ending.errors)")
            let report = try JSONDecoder().decode(LoadReport.self, from: Data(folder.text(of: "all").utf8))
            #expect(report.outcomes.completed == 80)
            #expect(report.histograms?.echo.count == 80)
        }

        @Test func reportsThatDoNotBelongTogetherExitWith64AndAreNamed() async throws {
            let folder = try TemporaryFolder()
            try await withServer { server in
                for (name, mode) in [("echo", "echo"), ("close", "close")] {
                    let options = ["--quiet", "--connections", "5", "--mode", mode, "--json", folder.path(name)]
                    let ending = try await run(["run", "--target", server.address] + options)
                    #expect(ending.status == 0, "\(ending.errors)")
                }
            }
            let ending = try await run(["merge", folder.path("echo"), folder.path("close")])
            #expect(ending.status == 64)
            #expect(ending.errors.contains("are not of one run: their mode is echo and close"), "\(ending.errors)")
        }

        @Test func whatIsNoReportExitsWith64() async throws {
            let folder = try TemporaryFolder()
            let missing = try await run(["merge", folder.path("missing")])
            #expect(missing.status == 64)
            #expect(missing.errors.contains("missing cannot be read"))
            let other = try await run(["merge", try folder.write("{}", to: "other")])
            #expect(other.status == 64)
            #expect(other.errors.contains("other is no report of quic-loadgen"), "\(other.errors)")
        }

        @Test(arguments: ["run", "leakcheck", "compare", "plan", "merge"])
        func helpShowsAnExample(command: String) async throws {
            let ending = try await run([command, "--help"])
            #expect(ending.status == 0)
            if command != "run" { #expect(ending.output.contains("  quic-loadgen \(command) ")) }
        }
    }
}
