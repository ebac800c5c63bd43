import Foundation
import LoadModel
import Testing

extension RealProcesses {
    /// A server and a simulation that keep what they should release: the checks of the other tests have to notice, and
    /// to name what stayed.
    @Suite struct NegativeControlTests {
        /// A fault, and by which names it is found.
        struct Control: Sendable, CustomTestStringConvertible {
            let name: String
            /// In the report of the load generator, in the answer of `GET /stats`, and in the server's last words.
            let left: [String]
            /// In the simulation.
            let found: [String]
            /// What its server's clients do.
            var visit = Visit.abandoned

            var testDescription: String { name }
        }

        /// What a hundred clients do.
        enum Visit: Sendable {
            /// They get their echoes and vanish.
            case abandoned
            /// They close their connections in the middle of an echo.
            case cutShort
        }

        private static let variable = "QUICHARNESS_NEGATIVE_CONTROL"
        static let controls = [
            Control(
                name: "keep-closed-connections",
                left: [#"connection_ids \d+"#, #"ledger.classes.transport.live_blocks \d+"#],
                found: [#"\d+ connection IDs are left"#, #"the class transport keeps \d+ bytes"#]
            ),
            Control(name: "forget-timer", left: ["deadlines 1"], found: [": 1 deadlines are left"]),
            Control(
                name: "leak-ring",
                left: [#"ledger.classes.rings.live_bytes \d+"#, #"ledger.classes.rings.live_blocks \d+"#],
                found: [#"the class rings keeps \d+ bytes"#],
                visit: .cutShort
            ),
            Control(
                name: "drop-tls-free",
                left: [#"ledger.classes.tls.live_bytes \d+"#, #"ledger.classes.tls.live_blocks \d+"#],
                found: [#"the class tls keeps \d+ bytes"#]
            ),
            Control(name: "keep-tombstone", left: [#"table_bytes \d+"#], found: [#"tables keep \d+ bytes"#]),
        ]

        /// Those that keep nothing.
        private static let otherControls = ["defences-off", "unguarded-migration", "data-race"]

        @Test(arguments: controls)
        func whatAServerKeepsIsNamedByTheGeneratorAndAtTheEnd(_ control: Control) async throws {
            let server = try await RunningServer(
                ["--idle-timeout", "1s"],
                listening: "127.0.0.1:0",
                executable: Programs.negativeServer,
                environment: [Self.variable: control.name]
            )
            let run = try await load(server, control.visit, returnTimeout: "3s")
            #expect(run.status == 1)
            #expect(run.report.outcomes.established == 100)
            // A run that was interrupted does not wait for the server.
            if control.visit == .abandoned {
                #expect(run.errors.contains("did not return to zero"))
                try expect(run.errors, names: control.left)
            }
            try expect(try await unreturned(server).joined(separator: ", "), names: control.left)
            let ending = try await server.stop()
            #expect(ending.status == 1)
            #expect(ending.output.contains("closed: created 100"))
            #expect(ending.errors.contains("not everything came back"))
            try expect(ending.errors, names: control.left)
        }

        @Test(arguments: controls)
        func whatASimulatedServerKeepsIsNamed(_ control: Control) async throws {
            let ending = try await simulate([Self.variable: control.name])
            #expect(ending.status == 1)
            try expect(ending.output, names: control.found)
        }

        @Test(arguments: [Visit.abandoned, .cutShort])
        func theSameServerIsSoundWithoutTheVariable(visit: Visit) async throws {
            try await withServer("--idle-timeout", "1s", executable: Programs.negativeServer) { server in
                let run = try await load(server, visit)
                #expect(run.report.outcomes.established == 100)
                #expect(run.status == (visit == .abandoned ? 0 : 1), "\(run.errors)")
                #expect(try await unreturned(server) == [])
            }
        }

        @Test func theSameSimulationIsSoundWithoutTheVariable() async throws {
            let ending = try await simulate([:])
            #expect(ending.status == 0, "\(ending.output)")
        }

        @Test func aControlThatThereIsNotExitsWith64AndNamesThoseThereAre() async throws {
            for program in [try Programs.negativeServer, try Programs.negativeSimulation] {
                let environment = [Self.variable: "forget-timers"]
                let ending = try await RunningProgram.run(program, [], environment: environment, seconds: 10)
                #expect(ending.status == 64)
                #expect(ending.errors.contains("forget-timers"))
                let names = (Self.controls.map(\.name) + Self.otherControls).joined(separator: ", ")
                #expect(ending.errors.contains("use \(names)\n"))
            }
        }

        @Test(arguments: ["forget-timers", "keep-closed-connections"])
        func theServerAsItIsShippedKnowsNoControl(name: String) async throws {
            try await withServer("--idle-timeout", "1s", environment: [Self.variable: name]) { server in
                let run = try await load(server, .abandoned)
                #expect(run.status == 0, "\(run.errors)")
            }
        }

        /// The optimiser removes what the faults leave where they are not linked: no name of one is in the file, and no symbol.
        @Test func theServerAsItIsShippedHasNoFaultInIt() throws {
            let shipped = try Data(contentsOf: Programs.server, options: .alwaysMapped)
            let faulty = try Data(contentsOf: Programs.negativeServer, options: .alwaysMapped)
            let names = Self.controls.map(\.name) + Self.otherControls + ["QUICHARNESS_FAULT", Self.variable]
            // In the names of symbols: the module of the faults, and what product code asks for one.
            for name in names + ["InjectedFaults", "strikeSend", "isChosen", "withoutDefences", "raceAtStart"] {
                #expect(shipped.range(of: Data(name.utf8)) == nil, "\(name) is in the server")
                // The negative control of this test.
                #expect(faulty.range(of: Data(name.utf8)) != nil, "\(name) is not where it has to be")
            }
        }

        @Test(arguments: [true, false])
        func halfOpenConnectionsStayOnlyAtAServerWithoutDefences(isDefended: Bool) async throws {
            let server = try await RunningServer(
                ["--handshake-timeout", "300ms"],
                listening: "127.0.0.1:0",
                executable: Programs.negativeServer,
                environment: isDefended ? [:] : [Self.variable: "defences-off"]
            )
            let garbage = try Peers.start("garbage.py", server.hostAndPort + ["1", "10000"])
            #expect(try await garbage.ending().status == 0)
            if isDefended {
                let statistics = try await server.statistics(within: 10) { $0.connections.live == 0 }
                #expect(statistics.closedByCause["handshake_timeout"] ?? 0 > 0)
            } else {
                try await Task.sleep(for: .seconds(2))
                let statistics = try await server.statistics()
                #expect(statistics.connections.handshaking > 0)
                #expect(statistics.closedByCause["handshake_timeout"] == 0)
            }
            #expect(try await server.stop().status == 0)
        }

        /// What is left at a server once its connections and their closing records are gone.
        private func unreturned(_ server: RunningServer) async throws -> [String] {
            // RFC 9000 §10.1: an idle timeout is at least three times the PTO, and that is seconds where handshakes had to wait.
            let statistics = try await server.statistics(within: 40) {
                $0.connections.live + $0.connections.closing + $0.connections.draining == 0
            }
            return statistics.unreturned
        }

        private func simulate(_ environment: [String: String]) async throws -> RunningProgram.Ending {
            let arguments = ["--lives", "400", "--seed", "1"]
            return try await RunningProgram.run(Programs.negativeSimulation, arguments, environment: environment)
        }

        private func expect(_ text: String, names patterns: [String]) throws {
            for pattern in patterns {
                // The number has to end there, or `deadlines 1` would be in `deadlines 10`.
                let name = try Regex(pattern + #"\b"#)
                #expect(text.contains(name), "\(pattern) is not in: \(text)")
            }
        }

        private func load(
            _ server: RunningServer,
            _ visit: Visit,
            returnTimeout: String = "10s"
        ) async throws -> LoadGenerator.Run {
            var options = ["--connections", "100", "--rate", "200"]
            options += ["--expect-return", "--return-timeout", returnTimeout]
            switch visit {
            case .abandoned:
                options += ["--mode", "abandon", "--hold", "200ms"]
                return try await LoadGenerator.start(server, options).ending()
            case .cutShort:
                let running = try LoadGenerator.start(server, options + ["--mode", "echo", "--message-bytes", "64MiB"])
                _ = try await server.statistics(within: 20) {
                    // A hundred bulk echoes load both programs fully, and a client may not be heard for the second of its idle
                    // timeout.
                    $0.connections.created == 100 && $0.connections.established >= 80
                        && $0.ledger.classes.rings.liveBlocks >= 100
                }
                running.interrupt()
                return try await running.ending()
            }
        }
    }
}
