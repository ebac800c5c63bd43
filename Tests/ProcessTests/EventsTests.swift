import Foundation
import LoadModel
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

extension RealProcesses {
    /// `GET /events` of the real server.
    @Suite struct EventsTests {
        /// The part of an event that is looked at here.
        private struct Event: Decodable {
            var event: String
            var cause: String?
            var connection: String?
            var worker: Int
        }

        private func get(_ path: String, of server: RunningServer) async throws -> (status: Int, body: Data) {
            let url = try #require(URL(string: server.admin + path))
            let (body, response) = try await URLSession.shared.data(from: url)
            return (try #require(response as? HTTPURLResponse).statusCode, body)
        }

        private func events(_ path: String, of server: RunningServer) async throws -> [Event] {
            try JSONDecoder().decode([Event].self, from: try await get(path, of: server).body)
        }

        @Test func theLivesOfConnectionsAreShown() async throws {
            try await withServer("--workers", "2") { server in
                #expect(try await events("/events", of: server).isEmpty)
                let run = try await LoadGenerator.run(server, "--connections", "10")
                #expect(run.status == 0)
                _ = try await server.statistics(within: 5) { $0.connections.closed == 10 }
                let events = try await events("/events", of: server)
                for name in ["accepted", "established", "closed"] {
                    #expect(events.filter { $0.event == name }.count == 10)
                }
                #expect(events.filter { $0.event == "closed" }.allSatisfy { $0.cause == "peer_close" })
                #expect(Set(events.compactMap(\.connection)).count == 10)
                #expect(try await self.events("/events?limit=4", of: server).count == 4)
            }
        }

        @Test func aServerMayKeepNone() async throws {
            try await withServer("--event-log", "0") { server in
                let run = try await LoadGenerator.run(server, "--connections", "1")
                #expect(run.status == 0)
                #expect(try await events("/events", of: server).isEmpty)
            }
        }

        @Test(arguments: [("limit=soon", "limit=soon is not accepted"), ("since=1", "since is not accepted")])
        func aWrongQueryIsAnsweredWithASentence(_ query: String, _ sentence: String) async throws {
            try await withServer { server in
                let (status, body) = try await get("/events?\(query)", of: server)
                #expect(status == 400)
                #expect(String(decoding: body, as: UTF8.self).hasPrefix(sentence))
            }
        }
    }
}
