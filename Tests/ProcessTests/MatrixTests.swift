import Foundation
import LoadModel
import Testing

extension RealProcesses {
    /// `quic-loadgen matrix` against servers whose timeouts are known.
    @Suite struct MatrixTests {
        private static let handshakeSeconds = 0.5
        private static let idleSeconds = 1.0
        /// RFC 9002 §6.2.2: before there is a sample of the round trip a PTO is 999 ms. RFC 9000 §10.2: a record of a
        /// connection that was closed lives for three.
        private static let recordSeconds = 3.0
        /// By how much a second may be longer than it is on a machine with other things to do.
        private static let lateSeconds = 10.0

        /// The cells of a matrix with one manner, against a server of its own.
        private func cells(_ manner: AbandonManner) async throws -> [MatrixCell] {
            var cells: [MatrixCell] = []
            try await withServer(
                "--handshake-timeout",
                "500ms",
                "--idle-timeout",
                "1s",
                "--retry",
                "never"
            ) { server in
                let run = try await MatrixMaker.run(
                    server.address,
                    "--admin",
                    server.admin,
                    "--manners",
                    manner.optionName,
                    "--connections",
                    "20",
                    "--settle",
                    "20s"
                )
                #expect(run.status == 0, "\(run.ending.output)\(run.ending.errors)")
                #expect(run.report.verdict.passed)
                #expect(run.report.measure == .ledger)
                #expect(run.report.notes == [])
                #expect(run.ending.output.contains("costliest: "))
                cells = run.report.cells
            }
            return cells
        }

        @Test func everyWayOfVanishingIsMeasured() async throws {
            // One server for each manner, side by side: it is mostly waiting.
            async let silence = cells(.silence)
            async let close = cells(.closeDelivered)
            async let gone = cells(.sourceAddressGone)
            let cells = try await silence + close + gone
            #expect(cells.count == AbandonPoint.allCases.count * AbandonManner.allCases.count)
            for cell in cells {
                #expect(cell.connections == 20 && cell.gap == nil, "\(cell)")
                let held = try #require(cell.held)
                #expect(held.hasReturned, "\(cell)")
                expectPlausibleBytes(held, of: cell)
                expectExpectedTime(held, of: cell)
            }
        }

        /// What docs/memory-contract.json says of the states, without the memory of the process around them.
        private func expectPlausibleBytes(_ held: HeldMemory, of cell: MatrixCell) {
            let kibibytes = held.bytesPerConnection / 1024
            let isRecord = cell.point == .inClosing
            if isRecord {
                #expect((0.2...4).contains(kibibytes), "\(cell)")
            } else if cell.manner == .closeDelivered {
                // All of it, if it is seen at once; a record, if the connection is gone by then.
                #expect((0.2...64).contains(kibibytes), "\(cell)")
            } else {
                #expect((15...64).contains(kibibytes), "\(cell)")
            }
        }

        private func expectExpectedTime(_ held: HeldMemory, of cell: MatrixCell) {
            let isHandshaking = !cell.point.isEstablished && cell.point != .inClosing
            // Connections vanish one after the other, and their time is counted from the last of them.
            let spread = 0.3
            if cell.manner == .closeDelivered || cell.point == .inClosing {
                #expect(held.seconds <= Self.recordSeconds + Self.lateSeconds, "\(cell)")
            } else {
                let timeout = isHandshaking ? Self.handshakeSeconds : Self.idleSeconds
                #expect(held.seconds >= timeout - spread, "\(cell)")
                #expect(held.seconds <= timeout + Self.recordSeconds + Self.lateSeconds, "\(cell)")
            }
        }

        @Test func aServerThatDoesNotFollowIsNotReachedInMigration() async throws {
            try await withServer(
                "--no-allow-migration",
                "--idle-timeout",
                "10s",
                "--handshake-timeout",
                "1s",
                "--retry",
                "always"
            ) { server in
                let run = try await MatrixMaker.run(
                    server.address,
                    "--admin",
                    server.admin,
                    "--points",
                    "after-initial,in-migration",
                    "--manners",
                    "silence",
                    "--connections",
                    "10",
                    "--settle",
                    "20s"
                )
                #expect(run.status == 0, "\(run.ending.errors)")
                // Retry is answered like anything else that a client needs on the way to its point.
                #expect(run.report.matrix[.afterInitial, .silence]?.connections == 10)
                let migration = try #require(run.report.matrix[.inMigration, .silence])
                #expect(migration.gap == .notReached && migration.held == nil)
                #expect(migration.failures.values.reduce(0, +) == 10)
                #expect(run.report.notes.contains { $0.hasPrefix("10 connections did not come to their point") })
            }
        }

        @Test func debiansServerIsMeasuredByItsProcessAlone() async throws {
            try await withDebianServer("--timeout=1s", "--handshake-timeout=1s") { target, process in
                let run = try await MatrixMaker.run(
                    target,
                    "--pid",
                    "\(process)",
                    "--alpn",
                    "h3",
                    "--points",
                    "after-finished,stream-open,in-closing",
                    "--manners",
                    "silence,close-delivered",
                    "--connections",
                    "100",
                    "--rate",
                    "200",
                    "--settle",
                    "3s"
                )
                #expect(run.status == 0, "\(run.ending.output)\(run.ending.errors)")
                #expect(run.report.measure == .resident)
                #expect(run.report.cells.count == 6)
                #expect(run.report.cells.allSatisfy { $0.connections > 0 })
                // Later cells may use pages that the allocator kept of earlier ones.
                let first = try #require(run.report.matrix[.afterFinished, .silence]?.held)
                #expect((10...400).contains(first.bytesPerConnection / 1024))
                #expect(!run.report.notes.contains { $0.contains("has no socket") })
            }
        }

        @Test func aTargetThatEndsEndsTheMatrix() async throws {
            let server = try await RunningServer(
                ["--handshake-timeout", "30s", "--retry", "never"],
                listening: "127.0.0.1:0",
                executable: Programs.server,
                environment: [:]
            )
            let process = try server.processID
            let options = [
                "--pid", "\(process)", "--connections", "20", "--points", "after-initial", "--manners", "silence",
            ]
            let matrix = try MatrixMaker.start(server.address, options)
            _ = try await server.statistics(within: 60) { $0.connections.handshaking == 20 }
            kill(process, SIGKILL)
            let ending = try await matrix.ending()
            _ = try await server.stop()
            #expect(ending.status == 1)
            #expect(ending.errors.contains("the target ended"))
        }

        @Test(arguments: [
            (["--points", "after-lunch"], "there is no \"after-lunch\": use after-initial, "),
            (["--manners", "loudly"], "there is no \"loudly\": use silence, close-delivered, source-address-gone"),
            (["--connections", "0"], "--connections"),
            (["--settle", "0s"], "--settle"),
            (["--sockets", "1"], "clients that migrate need another"),
        ])
        func wrongOptionsAreUsageErrors(_ options: [String], _ sentence: String) async throws {
            let ending = try await MatrixMaker.start("127.0.0.1:9", ["--pid", "1"] + options).ending()
            #expect(ending.status == 64)
            #expect(ending.errors.contains(sentence), "\(ending.errors)")
        }

        @Test func nothingToWatchIsAUsageError() async throws {
            let ending = try await MatrixMaker.start("127.0.0.1:9", []).ending()
            #expect(ending.status == 64)
            #expect(ending.errors.contains("there is nothing to watch"))
        }
    }
}
