import LoadModel
import Testing

extension RealProcesses {
    /// What an idle connection costs the process, as the system counts it.
    @Suite struct ResidentMemoryTests {
        private static let connections = 5_000

        @Test func aConnectionThatOnlyShookHandsTakesAtMost30KiB() async throws {
            #expect(try await residentBytesPerConnection(mode: .hold) <= 30 * 1_024)
        }

        @Test func aConnectionThatEchoedOnceTakesAtMost36KiB() async throws {
            #expect(try await residentBytesPerConnection(mode: .abandon) <= 36 * 1_024)
        }

        /// What the RSS grew by, divided by the connections, while all of them are held.
        private func residentBytesPerConnection(mode: LoadMode) async throws -> Int {
            var bytes = 0
            // However long it takes until all of them are there, none leaves.
            try await withServer("--idle-timeout", "10m") { server in
                let before = try await server.statistics().process.residentBytes
                let load = try LoadGenerator.start(
                    server.address,
                    [
                        "--mode", mode.rawValue, "--connections", "\(Self.connections)", "--rate", "1000", "--hold",
                        "10m",
                    ]
                )
                // Until the last echoes have arrived, too: an echo is held until it is acknowledged.
                let held = try await server.statistics(within: 80) {
                    $0.connections.established == Self.connections && $0.ledger.classes.rings.liveBytes == 0
                }
                bytes = (held.process.residentBytes - before) / Self.connections
                _ = try await server.stop()
                let outcomes = try await load.ending().report.outcomes
                #expect(outcomes.count(of: .closedByPeer) == Self.connections)
                #expect(outcomes.echoed == (mode.sendsMessage ? Self.connections : 0))
            }
            return bytes
        }
    }
}
