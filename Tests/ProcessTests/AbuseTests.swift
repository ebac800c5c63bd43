import Foundation
import LoadModel
import Testing

extension RealProcesses {
    /// Attacks on a server with short timeouts, and an honest client beside them.
    @Suite struct AbuseTests {
        private static let shortTimeouts = [
            "--idle-timeout", "2s", "--handshake-timeout", "1s", "--no-progress-timeout", "12s", "--event-log", "4096",
        ]
        private static let shortFloods = ["--duration", "500ms", "--rate", "2000"]

        @Test func everyAttackMeetsWhatIsExpected() async throws {
            let server = try await start()
            let abuse = try await Abuse.run(server, ["--all"] + Self.shortFloods)
            #expect(abuse.ending.status == 0, "\(abuse.ending.errors)")
            #expect(abuse.report.outcomes.map(\.name) == AbuseName.allCases)
            for outcome in abuse.report.outcomes {
                #expect(outcome.failures == [], "\(outcome.name)")
                #expect(outcome.honest.echoes > 0, "\(outcome.name)")
                #expect(outcome.sentDatagrams > 0, "\(outcome.name)")
            }
            #expect(abuse.report.unreturned == [])
            for name in AbuseName.allCases { #expect(abuse.table.contains("| `\(name.rawValue)` |")) }
            let ending = try await server.stop()
            #expect(ending.status == 0, "\(ending.errors)")
            expectNothingIsLeft(ending.output)
        }

        /// Proof that the attacks attack: each gets what it wants where nothing of ours stops it.
        @Test func anUndefendedServerSuffersFromEachAttackThatADefenceOfOursStops() async throws {
            let names: [AbuseName] = [
                .initialFlood, .halfOpen, .cryptoSpray, .oversizedClientHello, .postHandshakeCrypto, .streamGaps,
                .outOfOrderEveryStream, .halfClosedStreams, .trickle, .zeroWindowReader, .withheldAcks,
                .grownWindowGapsEveryStream, .grownWindowCrumbs, .grownZeroWindowReader, .grownWithheldAcks,
                .connectionIDHashFlooding, .tokenReplay, .tokenForgery, .reflectionLoop,
            ]
            let control = ["QUICHARNESS_NEGATIVE_CONTROL": "defences-off"]
            let server = try await start(try Programs.negativeServer, environment: control)
            let abuse = try await Abuse.run(server, names.map(\.rawValue) + Self.shortFloods)
            #expect(abuse.ending.status == 1)
            #expect(abuse.report.outcomes.map(\.name) == AbuseName.allCases.filter(names.contains))
            for outcome in abuse.report.outcomes {
                #expect(!outcome.isMet, "\(outcome.name)")
                #expect(outcome.obstacle == nil, "\(outcome.name)")
                #expect(abuse.ending.errors.contains("quic-loadgen: \(outcome.name.rawValue): "))
            }
            try await server.die()
        }

        @Test func aServerThatSaysNothingOfItselfIsAttackedAllTheSame() async throws {
            let server = try await start()
            let names = ["half-open", "stream-limit", "version-negotiation-flood"]
            let abuse = try await Abuse.run(
                server.address,
                names + Self.shortFloods + ["--pid", "\(try server.processID)"]
            )
            #expect(abuse.ending.status == 0, "\(abuse.ending.errors)")
            #expect(abuse.report.outcomes.map(\.name.rawValue) == names)
            #expect(abuse.report.outcomes.allSatisfy { $0.residentBytes.count == 3 })
            #expect(abuse.report.outcomes.first { $0.name == .streamLimit }?.closeCodes == ["4": 1])
            #expect(abuse.report.unreturned == nil)
            #expect(try await server.stop().status == 0)
        }

        @Test(arguments: [
            (["half-open"], "--target names the server to attack"),
            (["--target", "127.0.0.1:4433"], "name the attacks to carry out, or say --all"),
            (["--target", "127.0.0.1:4433", "--all", "half-open"], "name the attacks to carry out, or say --all"),
            (["--target", "127.0.0.1:4433", "half-closed"], "'half-closed' is invalid"),
            (["--target", "127.0.0.1:4433", "--all", "--rate", "0"], "--rate 0: accepted are 1 to 1000000"),
            (["--target", "127.0.0.1:4433", "--all", "--duration", "1ms"], "--duration 1ms: accepted are 10ms to 1h"),
            (
                ["--target", "192.0.2.1:4433", "--all"],
                "needs the consent of whoever answers for it, which --authorized"
            ),
            (["--target", "127.0.0.1:4433", "--all", "--admin", "http://127.0.0.1:1"], "Connection refused"),
        ])
        func wrongOptionsAreNamed(_ options: [String], _ sentence: String) async throws {
            let ending = try await RunningProgram.run(Programs.loadGenerator, ["abuse"] + options)
            #expect(ending.status == 64)
            #expect(ending.errors.replacing("\n", with: " ").contains(sentence), "\(ending.errors)")
        }

        @Test func theListNamesEachAttack() async throws {
            let ending = try await RunningProgram.run(Programs.loadGenerator, ["abuse", "--list"])
            #expect(ending.status == 0)
            let lines = ending.output.split(separator: "\n").map(String.init)
            #expect(lines.filter { !$0.hasPrefix(" ") } == AbuseName.allCases.map(\.rawValue))
        }

        private func start(_ executable: URL? = nil, environment: [String: String] = [:]) async throws -> RunningServer
        {
            try await RunningServer(
                Self.shortTimeouts,
                listening: "127.0.0.1:0",
                executable: try executable ?? Programs.server,
                environment: environment
            )
        }
    }

    /// `quic-loadgen abuse` as a process.
    private struct Abuse {
        let report: AbuseReport
        /// The table in Markdown.
        let table: String
        let ending: RunningProgram.Ending

        /// Attacks `server`, which says of itself what it does.
        static func run(_ server: RunningServer, _ options: [String]) async throws -> Abuse {
            try await run(server.address, options + ["--admin", server.admin])
        }

        static func run(_ target: String, _ options: [String]) async throws -> Abuse {
            let folder = try TemporaryFolder()
            let files = ["--quiet", "--json", folder.path("report"), "--markdown", folder.path("table")]
            let ending = try await RunningProgram.run(
                Programs.loadGenerator,
                ["abuse", "--target", target] + options + files,
                seconds: 100
            )
            let json = folder.text(of: "report")
            guard !json.isEmpty else {
                throw RunningProgram.Failure(description: "abuse wrote no report\n\(ending.errors)")
            }
            let report = try JSONDecoder().decode(AbuseReport.self, from: Data(json.utf8))
            return Abuse(report: report, table: folder.text(of: "table"), ending: ending)
        }
    }
}
