import LoadModel
import Testing

extension RealProcesses {
    /// What connections can be made to do besides one message, and what the report says of it.
    @Suite struct LoadTrafficTests {
        @Test func messagesFollowEachOtherOnSeveralStreams() async throws {
            let report = try await report(of: ["--streams", "3", "--messages", "5", "--think-time", "5ms"])
            #expect(report.traffic.messages == 10 * 3 * 5)
            #expect(report.traffic.sentBytes == 10 * 3 * 5 * 64)
            #expect(report.traffic.receivedBytes == report.traffic.sentBytes)
            #expect(report.latencies.echo.count == 10 * 3 * 5)
            #expect(report.latencies.firstAnswer.count == 10)
        }

        // Our server allows 16 streams at a time: more have to wait for their turn.
        @Test func eachMessageMayHaveAStreamOfItsOwn() async throws {
            let report = try await report(of: ["--streams", "16", "--messages", "10", "--fresh-streams"])
            #expect(report.traffic.messages == 10 * 16 * 10)
        }

        @Test(arguments: [("echo", "echo", 1, 1), ("hq-interop", "download", 0, 1), ("h3", "upload", 1, 0)])
        func bulkGoesEitherWay(alpn: String, direction: String, up: Int, down: Int) async throws {
            let bytes = 300_000
            let options = ["--mode", "bulk", "--bulk", direction, "--bulk-bytes", "\(bytes)", "--alpn", alpn]
            let report = try await report(of: options, ["--alpn", alpn])
            #expect(report.traffic.messages == 10)
            // Requests and frames are a few bytes more.
            #expect((0..<10_000).contains(report.traffic.sentBytes - 10 * bytes * up))
            #expect((0..<10_000).contains(report.traffic.receivedBytes - 10 * bytes * down))
        }

        @Test func aSlowReaderTakesAsLongAsWhatIsBeyondItsWindow() async throws {
            let options = ["--mode", "bulk", "--bulk-bytes", "300KiB", "--alpn", "hq-interop"]
            let reading = ["--stream-window", "64KiB", "--connection-window", "64KiB", "--read-rate", "200KiB"]
            let report = try await report(of: options + reading, ["--alpn", "hq-interop"])
            #expect(report.scenario.readBytesPerSecond == 200 << 10)
            // 236 KiB at 200 KiB a second. Only as a lower bound: a busy machine may take any time.
            #expect(report.latencies.echo.p50 >= 1_150_000)
        }

        @Test func aWindowIsTheMostInARoundTrip() async throws {
            try await withServer("--alpn", "hq-interop") { server in
                let relay = try await RunningRelay(to: server.address, ["--round-trip", "50ms"])
                let windows = ["--stream-window", "8KiB", "--connection-window", "8KiB"]
                let bulk = ["--connections", "2", "--mode", "bulk", "--bulk-bytes", "64KiB", "--alpn", "hq-interop"]
                let run = try await LoadGenerator.start(relay.address, bulk + windows).ending()
                #expect(run.status == 0, "\(run.errors)")
                // Eight windows, each but the first after a round trip.
                #expect(run.report.latencies.echo.p50 >= 7 * 50_000)
                #expect(try #require(await relay.stop()["clients"]) >= 1)
            }
        }

        @Test func sessionsAreResumedWithTicketsOfEarlierOnes() async throws {
            let report = try await report(of: ["--resumption", "on", "--concurrency", "1"])
            #expect(report.traffic.resumed == 9)
            #expect(try await self.report(of: ["--concurrency", "1"]).traffic.resumed == 0)
        }

        @Test func keysAreUpdatedEverySoManyMessages() async throws {
            let options = ["--messages", "12", "--think-time", "20ms", "--key-update-every", "4"]
            let traffic = try await report(of: options).traffic
            #expect(traffic.keyUpdates >= 10)
            #expect(traffic.keyUpdates + traffic.keyUpdatesRefused == 10 * 2)
        }

        @Test func aConnectionThatMovesToAnotherSocketGoesOn() async throws {
            let options = ["--messages", "9", "--think-time", "10ms", "--rebind-every", "3"]
            let report = try await report(of: options)
            #expect(report.traffic.rebinds == 10 * 2)
            #expect(report.traffic.messages == 90)
        }

        @Test func connectionsComeFromTheAddressesTheyWereGiven() async throws {
            let options = ["--mode", "hold", "--hold", "30s", "--local-address", "127.0.0.7,127.0.0.8"]
            try await withServer { server in
                let load = try LoadGenerator.start(server.address, ["--connections", "10"] + options)
                _ = try await server.statistics(within: 20) { $0.connections.established == 10 }
                let hosts = try await server.remoteHosts()
                #expect(hosts.filter { $0 == "127.0.0.7" }.count == 5)
                #expect(hosts.filter { $0 == "127.0.0.8" }.count == 5)
                _ = try await server.stop()
                #expect(try await load.ending().report.outcomes.count(of: .closedByPeer) == 10)
            }
        }

        @Test func aHerdGrowsStepByStepAndIsMeasured() async throws {
            let options = ["--mode", "idle-herd", "--connections", "90", "--step", "40", "--settle", "100ms"]
            try await withServer { server in
                let run = try await LoadGenerator.start(
                    server.address,
                    ["--admin", server.admin, "--expect-return", "--workers", "2"] + options
                ).ending()
                #expect(run.status == 0, "\(run.errors)")
                #expect(run.report.steps.map(\.connections) == [40, 80, 90])
                #expect(run.report.steps.map(\.open) == [40, 80, 90])
                #expect(run.report.outcomes.closed == 90)
                let held = run.report.steps.compactMap { $0.target?.heldBytes }
                #expect(held.count == 3 && held == held.sorted())
            }
        }

        @Test func aClosedLoopHasSoManyAtATime() async throws {
            let options = ["--mode", "churn", "--concurrency", "5", "--duration", "2s", "--hold", "50ms"]
            try await withServer { server in
                let run = try await LoadGenerator.start(server.address, ["--workers", "2"] + options).ending()
                #expect(run.status == 0, "\(run.errors)")
                let report = run.report
                #expect(report.outcomes.completed == report.outcomes.scheduled)
                // Forty periods of fifty milliseconds at most.
                #expect((5...200).contains(report.outcomes.completed))
                #expect(report.timeline?.samples.allSatisfy { $0.live <= 5 } == true)
                #expect(report.timeline?.samples.count ?? 0 >= 2)
                #expect(report.latencies.startDelay.count == 0)
                #expect(report.traffic.messages == report.outcomes.completed)
            }
        }

        /// The report of ten connections to a server of ours, which all completed.
        private func report(of options: [String], _ serverOptions: [String] = []) async throws -> LoadReport {
            let server = try await RunningServer(
                serverOptions,
                listening: "127.0.0.1:0",
                executable: try Programs.server,
                environment: [:]
            )
            let arguments = ["--connections", "10", "--admin", server.admin, "--expect-return"] + options
            let run = try await LoadGenerator.start(server.address, arguments).ending()
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.report.outcomes.completed == 10)
            let ending = try await server.stop()
            #expect(ending.status == 0, "\(ending.errors)")
            expectNothingIsLeft(ending.output)
            return run.report
        }
    }
}
