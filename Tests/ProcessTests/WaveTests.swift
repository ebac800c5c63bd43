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
                        "1000",
                        "--hold",
                        "1s",
                        "--expect-return"
                    )
                    #expect(run.status == 0, "wave \(wave): \(run.errors)")
                    #expect(run.report.outcomes.abandoned == 2_000, "wave \(wave)")
                    // The server returns freed memory to the system at most once a second.
                    try await Task.sleep(for: .milliseconds(1_200))
                    let after = try await server.statistics()
                    #expect(after.unreturned == [], "wave \(wave)")
                    #expect(after.closedByCause["idle_timeout"] == 2_000 * wave)
                    residentBytes.append(after.process.residentBytes)
                }
                let growth = (residentBytes.last ?? 0) - (residentBytes.first ?? 0)
                #expect(growth <= Self.growthBytesLimit, "RSS after each wave: \(residentBytes)")
            }
        }
    }
}
