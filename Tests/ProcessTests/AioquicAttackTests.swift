import LoadModel
import Testing

extension RealProcesses {
    /// Attacks by aioquic (Tests/Peers/attacker.py), each on a server of its own with an honest client beside it.
    ///
    /// Our own writer of hostile packets and our own server could agree on the same mistake; these two cannot.
    @Suite struct AioquicAttackTests {
        /// An attack, and what has to become of it.
        struct Attack: Sendable {
            let name: String
            /// By what `closed_by_cause` names its end; nil for one that is merely survived.
            let cause: String?
            /// How many of its connections end so.
            var endings = 1
            /// The most the server may hold at any moment, the honest clients' connections included.
            var peakBytesLimit = Limit.connection
            /// How the server is started.
            var options = ["--no-progress-timeout", "3s"]
        }

        private enum Limit {
            /// A connection's plan, and a few honest clients that are in their handshakes at the same time.
            static let connection = (204 + honestHandshakes * 58) * 1_024
            static let honestHandshakes = 8
            /// Retry keeps handshakes from addresses that are not proven to a hundred and a few.
            static let unprovenHandshakes = (110 + honestHandshakes) * 58 * 1_024
        }

        /// What Tests/Peers/attacker.py prints.
        private struct Answer: Decodable {
            let sent: Int
            /// The error of the CONNECTION_CLOSE that came back, if one did.
            let errorCode: Int?

            enum CodingKeys: String, CodingKey {
                case sent
                case errorCode = "error_code"
            }
        }

        static let attacks = [
            Attack(
                name: "half-open",
                cause: "handshake_timeout",
                endings: 100,
                peakBytesLimit: Limit.unprovenHandshakes
            ),
            Attack(
                name: "crypto-spray",
                cause: "budget_exceeded",
                endings: 50,
                peakBytesLimit: Limit.unprovenHandshakes
            ),
            Attack(name: "post-handshake-crypto", cause: "tls_alert"),
            Attack(name: "stream-gaps", cause: "budget_exceeded"),
            Attack(name: "out-of-order", cause: "no_progress"),
            Attack(name: "stream-limit", cause: "transport_error"),
            Attack(name: "withheld-acknowledgements", cause: "acknowledgement_silence", options: []),
            Attack(name: "optimistic-acknowledgement", cause: "transport_error"),
            Attack(name: "connection-id-stuffing", cause: "transport_error"),
            Attack(name: "connection-id-retirement", cause: "transport_error"),
            Attack(name: "path-challenge-flood", cause: nil),
            Attack(name: "zero-window-reader", cause: "no_progress"),
            Attack(name: "trickle", cause: "no_progress"),
            Attack(name: "undecryptable", cause: nil),
        ]

        /// All at the same time, since most of them only wait for a deadline.
        @Test func everyAttackEndsAsItShould() async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for attack in Self.attacks {
                    group.addTask { try await Self.expectSurvival(of: attack) }
                }
                try await group.waitForAll()
            }
        }

        private static func expectSurvival(of attack: Attack) async throws {
            let server = try await RunningServer(
                ["--handshake-timeout", "3s", "--idle-timeout", "5s"] + attack.options,
                listening: "127.0.0.1:0",
                executable: Programs.server,
                environment: [:]
            )
            let honest = try LoadGenerator.start(server.address, ["--connections", "20", "--rate", "10"])
            let answer = try await Peers.run("attacker.py", server.hostAndPort + [attack.name], as: Answer.self)
            #expect(answer.sent > 0, "\(attack.name)")
            // RFC 9000 §20.1: INTERNAL_ERROR.
            if attack.cause == "budget_exceeded", attack.endings == 1 { #expect(answer.errorCode == 1) }
            let run = try await honest.ending()
            #expect(run.report.outcomes.echoed == 20, "\(attack.name): \(run.errors)")

            let snapshot = try await server.statistics(within: 15) { $0.hasReturned }
            if let cause = attack.cause {
                #expect(snapshot.closedByCause[cause] ?? 0 >= attack.endings, "\(attack.name)")
            }
            #expect(snapshot.ledger.total.peakBytes <= attack.peakBytesLimit, "\(attack.name)")
            let ending = try await server.stop()
            #expect(ending.status == 0, "\(attack.name): \(ending.errors)")
            expectNothingIsLeft(ending.output)
        }
    }
}
