import LoadModel
import Testing

extension RealProcesses {
    /// Datagrams that nobody can make sense of, in between those of clients.
    @Suite struct GarbageTests {
        private static let datagrams = 100_000

        /// The part of `GET /stats` that says what arrived.
        private struct Arrivals: Decodable {
            struct Datagrams: Decodable {
                let received: Int
            }

            struct Sockets: Decodable {
                let receiveOverflows: Int

                private enum CodingKeys: String, CodingKey {
                    case receiveOverflows = "receive_overflows"
                }
            }

            let datagrams: Datagrams
            let sockets: Sockets
        }

        @Test(arguments: [UInt32.random(in: 0...UInt32.max)])
        func aHundredThousandSenselessDatagramsAreSurvived(seed: UInt32) async throws {
            try await withServer("--handshake-timeout", "2s") { server in
                let garbage = try Peers.start("garbage.py", server.hostAndPort + ["\(seed)", "\(Self.datagrams)"])
                let during = try await echo(server)
                #expect(during.report.outcomes.echoed == 50, "seed \(seed): \(during.errors)")
                let ending = try await garbage.ending()
                #expect(ending.status == 0, "\(ending.errors)")

                let snapshot = try await server.statistics(within: 10) { $0.hasReturned }
                #expect(snapshot.closedByCause["handshake_timeout"] ?? 0 > 0, "seed \(seed)")
                let arrivals: Arrivals = try await server.decodedStatistics()
                let arrived = arrivals.datagrams.received + arrivals.sockets.receiveOverflows
                #expect(arrived >= Self.datagrams, "seed \(seed)")

                let after = try await echo(server, "--expect-return")
                #expect(after.status == 0, "seed \(seed): \(after.errors)")
            }
        }

        private func echo(_ server: RunningServer, _ options: String...) async throws -> LoadGenerator.Run {
            let load = ["--admin", server.admin, "--connections", "50", "--rate", "50"] + options
            return try await LoadGenerator.start(server.address, load).ending()
        }
    }
}
