import LoadModel
import Testing

extension RealProcesses {
    /// A server that stands still for 200 ms: an open loop has to see all of it, a closed loop hides it.
    @Suite struct StallTests {
        private static let stall = Duration.milliseconds(200)
        /// Below the stall, and well above what a busy machine does to a single handshake.
        private static let limitMicroseconds: UInt64 = 150_000

        // Of 1,500 connections 100 were meant to begin while the server stood still, 25 of them in its first 50 ms.
        @Test func anOpenLoopShowsTheStallFromTheIntendedStart() async throws {
            let report = try await report(of: ["--rate", "500", "--connections", "1500"])
            #expect(report.latencies.handshake.p99_9 >= Self.limitMicroseconds)
            // Those of the first 100 ms are 3 % of all.
            #expect(report.latencies.handshake.p99 >= Self.limitMicroseconds / 2)
        }

        // One connection at a time is one connection of 5,000 that waited: others may be slow for other reasons.
        @Test func aClosedLoopDoesNot() async throws {
            let report = try await report(of: ["--concurrency", "1", "--connections", "5000"])
            #expect(report.outcomes.completed == 5_000)
            #expect(report.latencies.handshake.p99_9 < Self.limitMicroseconds)
            #expect(report.latencies.echo.p99_9 < Self.limitMicroseconds)
            // It is there all the same, or nothing was shown.
            #expect(max(report.latencies.handshake.maximum, report.latencies.echo.maximum) >= Self.limitMicroseconds)
        }

        /// The report of a run during which the server stood still.
        private func report(of options: [String]) async throws -> LoadReport {
            var report: LoadReport?
            try await withServer { server in
                let load = try LoadGenerator.start(server.address, options)
                _ = try await server.statistics(within: 20) { $0.connections.closed >= 300 }
                try await server.standStill(for: Self.stall)
                let run = try await load.ending()
                #expect(run.status == 0, "\(run.errors)")
                report = run.report
            }
            return try #require(report)
        }
    }
}
