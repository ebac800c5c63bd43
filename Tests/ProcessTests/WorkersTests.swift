import Foundation
import LoadModel
import QUICServer
import Testing

extension RealProcesses {
    /// The threads of a server: as many as there are processors, with a like number of connections each.
    @Suite struct WorkersTests {
        private struct Workers: Decodable {
            struct Limits: Decodable {
                let workers: Int
            }

            struct Worker: Decodable {
                let liveConnections: Int

                private enum CodingKeys: String, CodingKey {
                    case liveConnections = "live_connections"
                }
            }

            let limits: Limits
            let workers: [Worker]
        }

        private static let processorCount = ServerConfiguration.processorCount()

        /// The processors that each thread of a process may use, as the kernel writes them.
        private func allowedProcessors(ofThreadsOf processID: pid_t) throws -> [String] {
            let threads = "/proc/\(processID)/task"
            return try FileManager.default.contentsOfDirectory(atPath: threads).compactMap { thread in
                let status = try String(contentsOfFile: "\(threads)/\(thread)/status", encoding: .utf8)
                return status.firstMatch(of: /Cpus_allowed_list:\s*(\S+)/).map { String($0.1) }
            }
        }

        @Test func withoutAnOptionThereIsOneForEachProcessor() async throws {
            try await withServer(workers: nil) { server in
                let shown = try await server.decodedStatistics(as: Workers.self)
                #expect(shown.limits.workers == Self.processorCount)
                #expect(shown.workers.count == Self.processorCount)
            }
        }

        // The connection IDs that clients make up decide, and come from a seed here.
        @Test func aHerdSpreadsEvenly() async throws {
            let workers = 3
            let herd = 700 * workers
            try await withServer("--workers", "\(workers)") { server in
                let options = [
                    "--mode", "hold", "--hold", "20s", "--connections", "\(herd)", "--concurrency", "\(herd)", "--seed",
                    "7",
                ]
                let run = try LoadGenerator.start(server.address, options)
                _ = try await server.statistics(within: 60) { $0.connections.established == herd }
                let shown = try await server.decodedStatistics(as: Workers.self)
                #expect(shown.workers.count == workers)
                #expect(shown.workers.map(\.liveConnections).reduce(0, +) == herd)
                #expect(shown.workers.allSatisfy { (630...770).contains($0.liveConnections) }, "\(shown.workers)")
                let ending = try await run.ending()
                #expect(ending.status == 0, "\(ending.errors)")
            }
        }

        @Test func threadsStayOnProcessorsOfTheirOwnWhereThatIsAskedFor() async throws {
            try await withServer("--workers", "\(2 * Self.processorCount)", "--pin-workers") { server in
                let lists = try allowedProcessors(ofThreadsOf: server.processID)
                let pinned = Dictionary(grouping: lists.filter { Int($0) != nil }, by: \.self)
                #expect(pinned.count == Self.processorCount)
                // With one processor nobody can be told from the others.
                if Self.processorCount > 1 { #expect(pinned.values.allSatisfy { $0.count == 2 }, "\(lists)") }
            }
        }
    }
}
