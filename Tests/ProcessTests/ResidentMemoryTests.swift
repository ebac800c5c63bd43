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
            try await withServer { server in
                let before = try await server.statistics().process.residentBytes
                let load = try LoadGenerator.start(
                    server.address,
                    [
                        "--mode", mode.rawValue, "--connections", "\(Self.connections)", "--rate", "1000", "--hold",
                        "60s",
                    ]
                )
                _ = try await server.statistics(within: 30) { $0.connections.established == Self.connections }
                // The last echoes are still on their way.
                try await Task.sleep(for: .seconds(1))
                let held = try await server.statistics()
                #expect(held.connections.established == Self.connections)
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
