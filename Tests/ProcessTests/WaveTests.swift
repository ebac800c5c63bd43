import LoadModel
import Testing

extension RealProcesses {
    /// Waves of clients that fall silent, against one server: what each wave took comes back.
    @Suite struct WaveTests {
        private static let waves = 5
        private static let growthBytesLimit = 5 << 20

        @Test func fiveWavesOfAbandonedConnectionsLeaveNothing() async throws {
            try await withServer("--idle-timeout", "3s") { server in
                var residentBytes: [Int] = []
                for wave in 1...Self.waves {
                    let run = try await LoadGenerator.run(
                        server,
                        "--mode",
                        "abandon",
                        "--connections",
                        "2000",
                        "--rate",
                        "500",
                        "--hold",
                        "1s",
                        "--expect-return"
                    )
                    #expect(run.status == 0, "wave \(wave): \(run.errors)")
                    #expect(run.report.outcomes.abandoned == 2_000, "wave \(wave)")
                    let after = try await settled(server, first: residentBytes.first)
                    #expect(after.unreturned == [], "wave \(wave)")
                    #expect(after.closedByCause["idle_timeout"] == 2_000 * wave)
                    residentBytes.append(after.process.residentBytes)
                }
                let growth = (residentBytes.last ?? 0) - (residentBytes.first ?? 0)
                #expect(growth <= Self.growthBytesLimit, "RSS after each wave: \(residentBytes)")
            }
        }

        /// The server's statistics once it has returned freed memory to the system, which it does at most once a second.
        ///
        /// - Parameter first: The RSS after the first wave; nil in that wave, of which nothing is known.
        private func settled(_ server: RunningServer, first: Int?) async throws -> ServerSnapshot {
            try await Task.sleep(for: .milliseconds(1_200))
            guard let first else { return try await server.statistics() }
            return try await server.statistics(within: 10) {
                $0.process.residentBytes - first <= Self.growthBytesLimit
            }
        }
    }
}
