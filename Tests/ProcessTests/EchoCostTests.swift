import LoadModel
import Testing

extension RealProcesses {
    /// The calls that an echo costs a server whose connections are established, counted in the process itself.
    ///
    /// Two loads differ in nothing but their number of messages, so what a connection costs once does not count.
    @Suite struct EchoCostTests {
        @Test(arguments: [(connections: 1, messages: 2_000), (connections: 100, messages: 50)])
        func anEchoIsOneDatagramAndOneCallOfEachKind(connections: Int, messages: Int) async throws {
            let cost = try await costOfEcho(connections: connections, messages: messages)
            #expect(cost.datagramsReceived <= 2.05, "\(cost)")
            #expect(cost.datagramsSent <= 1.05, "\(cost)")
            #expect(cost.calls.receives <= 1.1 * cost.arrivals, "\(cost)")
            #expect(cost.calls.sends <= 1.1, "\(cost)")
            #expect(cost.calls.waits <= 1.1 * cost.arrivals, "\(cost)")
        }

        // Timers and the growth of tables are what is left beside whole numbers.
        @Test(arguments: [(connections: 1, messages: 2_000), (connections: 100, messages: 50)])
        func anEchoAllocatesNothingAndHardlyCountsReferences(connections: Int, messages: Int) async throws {
            let cost = try await costOfEcho(connections: connections, messages: messages)
            #expect(cost.calls.allocations <= 0.1, "\(cost)")
            #expect(cost.calls.accesses <= 10 * cost.arrivals, "\(cost)")
            #expect(cost.calls.retains <= 4 * cost.arrivals, "\(cost)")
        }

        private struct Cost {
            let calls: CallCounts
            let datagramsReceived: Double
            let datagramsSent: Double

            /// The datagrams of the client for each echo: one on a machine with time to spare. On a busy one the client's
            /// acknowledgement comes alone, before the next answer is there.
            var arrivals: Double { max(1, datagramsReceived) }
        }

        /// The part of `GET /stats` that counts datagrams.
        private struct Traffic: Decodable {
            struct Datagrams: Decodable {
                let received: Double
                let sent: Double
            }

            let datagrams: Datagrams
        }

        private func costOfEcho(connections: Int, messages: Int) async throws -> Cost {
            let counter = try await CallCounts.Counter()
            var cost: Cost?
            try await withServer("--workers", "1", environment: counter.environment) { server in
                func load(_ messages: Int) async throws -> (calls: CallCounts, traffic: Traffic.Datagrams) {
                    let traffic = try await server.decodedStatistics(as: Traffic.self).datagrams
                    // After the answer of the admin interface, which allocates.
                    let calls = try counter.read()
                    let run = try await LoadGenerator.run(
                        server.address,
                        "--connections",
                        "\(connections)",
                        "--concurrency",
                        "\(connections)",
                        "--messages",
                        "\(messages)"
                    )
                    #expect(run.status == 0, "\(run.errors)")
                    let callsAfter = try counter.read()
                    let after = try await server.decodedStatistics(as: Traffic.self).datagrams
                    return (
                        callsAfter - calls,
                        Traffic.Datagrams(received: after.received - traffic.received, sent: after.sent - traffic.sent)
                    )
                }
                // The first connections make tables grow.
                _ = try await load(1)
                let short = try await load(messages / 10)
                let long = try await load(messages / 10 + messages)
                let echoes = Double(connections * messages)
                cost = Cost(
                    calls: (long.calls - short.calls) / echoes,
                    datagramsReceived: (long.traffic.received - short.traffic.received) / echoes,
                    datagramsSent: (long.traffic.sent - short.traffic.sent) / echoes
                )
            }
            return try #require(cost)
        }
    }
}
