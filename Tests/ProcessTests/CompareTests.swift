import Foundation
import LoadModel
import Testing

extension RealProcesses {
    /// `quic-loadgen compare` with servers of which it is known how they differ.
    @Suite struct CompareTests {
        @Test func ourServerAndDebiansGetTheSameInTurn() async throws {
            try await withServer("--alpn", "h3") { server in
                try await withDebianServer { target, process in
                    let ours = "ours=\(server.address),pid=\(try server.processID),admin=\(server.admin)"
                    let (ending, comparison) = try await compare(
                        ["--target", ours, "--target", "gtlsserver=\(target),pid=\(process)"]
                            + ["--alpn", "h3", "--mode", "hold", "--hold", "1500ms", "--connections", "60"]
                            + ["--rate", "120", "--rounds", "2"]
                    )
                    #expect(ending.status == 0, "\(ending.output)\(ending.errors)")
                    #expect(comparison.passed)
                    #expect(comparison.targets.map(\.name) == ["ours", "gtlsserver"])
                    #expect(comparison.targets.map(\.rounds.count) == [2, 2])
                    let progress = ending.errors.split(separator: "\n").filter { $0.hasPrefix("round ") }
                    let turns = ["1 of 2, ours", "1 of 2, gtlsserver", "2 of 2, ours", "2 of 2, gtlsserver"]
                    #expect(progress == turns.map { "round \($0)" })
                    for target in comparison.targets {
                        #expect(target.applicationProtocol == "h3")
                        #expect(target.medians[.failed]?.maximum == 0)
                        for figure in ComparisonFigure.allCases where ![.failed, .echoP50, .echoP99].contains(figure) {
                            #expect(target.medians[figure]?.median ?? 0 > 0, "\(target.name): \(figure.rawValue)")
                        }
                    }
                    #expect(ending.output.contains("target RSS per connection"))
                    #expect(try await server.statistics().connections.created == 120)
                }
            }
        }

        @Test func aProcessThatIsNotTheServerIsDoubted() async throws {
            try await withServer { server in
                let target = "\(server.address),pid=\(getpid())"
                let options = ["--connections", "5", "--rounds", "1", "--quiet"]
                let (ending, _) = try await compare(["--target", "a=\(target)", "--target", "b=\(target)"] + options)
                #expect(ending.status == 0, "\(ending.errors)")
                #expect(ending.errors.contains("process \(getpid()) ") && ending.errors.contains("is it the server?"))
            }
        }

        @Test func aTargetThatFailsIsNamedAndExitsWith1() async throws {
            try await withServer { server in
                try await withClosedPort { closed in
                    let (ending, comparison) = try await compare(
                        ["--target", "up=\(server.address)", "--target", "down=\(closed)"]
                            + ["--connections", "10", "--rounds", "1", "--quiet"]
                    )
                    #expect(ending.status == 1)
                    #expect(ending.output.isEmpty)
                    #expect(
                        ending.errors.contains("quic-loadgen: down, round 1: 0 of 10 connections completed: 10 refused")
                    )
                    #expect(comparison.targets.map(\.rounds.first?.failures.isEmpty) == [true, false])
                    #expect(comparison.targets.map { $0.medians[.failed]?.median } == [0, 10])
                }
            }
        }

        @Test(arguments: [
            (["--target", "127.0.0.1:1"], "--target was given 1 times: give 2 to 16"),
            (["--target", "a=127.0.0.1:1", "--target", "a=127.0.0.1:2"], "two targets have the same name"),
            (["--target", "a=127.0.0.1:1", "--target", "b=127.0.0.1:2", "--rounds", "0"], "use 1 to 1000"),
            (["--target", "a=127.0.0.1:1", "--target", "b=127.0.0.1:2,pid=4194305"], "there is no process 4194305"),
            (["--target", "a=127.0.0.1:1", "--target", "b=192.0.2.1:2"], "is not on this machine"),
            (["--target", "a=127.0.0.1:1", "--target", "b=127.0.0.1"], "HOST:PORT, such as localhost:4433"),
            (["--target", "a=127.0.0.1:1", "--target", "b=127.0.0.1:2,alpn=doq"], "idle-herd with ALPN doq"),
            (
                ["--target", "a=127.0.0.1:1,admin=http://127.0.0.1:1", "--target", "b=127.0.0.1:2"],
                "--target a: GET http://127.0.0.1:1/stats: Connection refused"
            ),
        ])
        func wrongOptionsExitWith64AndAreNamed(_ options: [String], _ sentence: String) async throws {
            let ending = try await RunningProgram.run(Programs.loadGenerator, ["compare"] + options)
            #expect(ending.status == 64)
            #expect(ending.errors.contains(sentence), "\(ending.errors)")
        }

        private func compare(_ options: [String]) async throws -> (RunningProgram.Ending, Comparison) {
            let folder = try TemporaryFolder()
            let arguments = ["compare", "--json", folder.path("report")] + options
            let ending = try await RunningProgram.run(Programs.loadGenerator, arguments, seconds: 100)
            let json = folder.text(of: "report")
            guard !json.isEmpty else { throw RunningProgram.Failure(description: ending.errors) }
            return (ending, try JSONDecoder().decode(Comparison.self, from: Data(json.utf8)))
        }
    }
}
