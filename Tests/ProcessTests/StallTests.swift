import LoadModel
import Testing

extension RealProcesses {
    /// A server that stands still for a moment: an open loop has to see all of it, a closed loop hides it.
    @Suite struct StallTests {
        private static let stall = Duration.milliseconds(400)
        /// Well below the stall, and well above what a busy machine does to a single handshake.
        private static let limitMicroseconds: UInt64 = 200_000

        // Of 1,500 connections 200 were meant to begin while the server stood still.
        @Test func anOpenLoopShowsTheStallFromTheIntendedStart() async throws {
            let report = try await report(of: ["--rate", "500", "--connections", "1500"])
            #expect(report.latencies.handshake.p99_9 >= Self.limitMicroseconds)
            #expect(report.latencies.handshake.p99 >= Self.limitMicroseconds)
        }

        // One connection at a time is one connection that waited.
        @Test func aClosedLoopDoesNot() async throws {
            let report = try await report(of: ["--concurrency", "1", "--duration", "5s"])
            #expect(report.outcomes.completed > 1_000)
            #expect(report.latencies.handshake.p99_9 < Self.limitMicroseconds)
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
