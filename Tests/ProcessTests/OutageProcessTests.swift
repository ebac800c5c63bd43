import Testing

extension PatientProcesses {
    /// Paths that are dead for up to 29 s while something is under way, and heal before the idle timeout of 30 s.
    @Suite struct OutageTests {
        /// In seconds: spread over all lengths, and close to where probes of loss recovery end.
        private static let outages = [5, 11, 15, 17, 22, 26, 29, 29]

        /// A client under way, and how to tell whether it got all that it asked for.
        private struct Client {
            let name: String
            let program: RunningProgram
            let isWhole: (RunningProgram.Ending) -> Bool
        }

        // All at once: they mostly wait. The transfers take longer than the 3 s that their paths work at first. Each client has a path
        // of its own, which counts from its first datagram: one that takes long to start would shake hands in the outage.
        @Test func clientsOutliveAnOutageOfAnyLength() async throws {
            try await withServer("--alpn", "echo,hq-interop") { server in
                var relays: [RunningRelay] = []
                var clients: [Client] = []
                for (number, seconds) in Self.outages.enumerated() {
                    let roundTrip = [20, 50][number % 2]
                    let path = [
                        "--round-trip", "\(roundTrip)ms", "--rate", "8Mbit", "--seed", "\(number)",
                        "--outage", "3s..\(seconds + 3)s",
                    ]
                    let other = try await RunningRelay(to: server.address, path)
                    let ours = try await RunningRelay(to: server.address, path)
                    clients += try Self.clients(of: other, ours, number).map {
                        Client(name: "\($0.name), \(seconds) s", program: $0.program, isWhole: $0.isWhole)
                    }
                    relays += [other, ours]
                }
                for client in clients {
                    let ending = try await client.program.ending()
                    #expect(ending.status == 0 && client.isWhole(ending), "\(client.name): \(ending)")
                }
                // Each path was interrupted while something was under way.
                for relay in relays {
                    let counts = try await relay.stop()
                    #expect(counts["down outage"] ?? 0 > 0)
                }
            }
        }

        /// One client of ours and one that shares no code with us, one of which downloads while the other has its bytes echoed.
        private static func clients(of other: RunningRelay, _ ours: RunningRelay, _ number: Int) throws -> [Client] {
            let place = other.address.split(separator: ":").map(String.init)
            let ours = ["run", "--target", ours.address, "--quiet", "--connections", "1", "--echo-timeout", "90s"]
            if number.isMultiple(of: 2) {
                let download = try Peers.start("hq_client.py", place + ["GET /6000000"], seconds: 100)
                let echo = try RunningProgram(
                    Programs.loadGenerator,
                    ours + ["--message-bytes", "4000000"],
                    seconds: 100
                )
                return [
                    Client(name: "download by aioquic", program: download) { $0.output.contains("\"bytes\": 6000000") },
                    Client(name: "echo", program: echo) { _ in true },
                ]
            }
            let echo = try Peers.start("echo_client.py", place + ["echo", "4000000"], seconds: 100)
            let options = ["--alpn", "hq-interop", "--message-bytes", "6000000"]
            let download = try RunningProgram(Programs.loadGenerator, ours + options, seconds: 100)
            return [
                Client(name: "echo for aioquic", program: echo) { $0.output.contains("[true]") },
                Client(name: "download", program: download) { _ in true },
            ]
        }
    }
}
