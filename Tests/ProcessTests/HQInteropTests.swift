import Testing

extension RealProcesses {
    /// aioquic as a client of the hq-interop service.
    @Suite struct HQInteropTests {
        /// What Tests/Peers/hq_client.py prints of each request.
        private struct Answer: Decodable, Equatable {
            let request: String
            let bytes: Int
            let finished: Bool
            let resetCode: Int?
            let isPattern: Bool

            private enum CodingKeys: String, CodingKey {
                case request, bytes, finished
                case resetCode = "reset_code"
                case isPattern = "is_pattern"
            }

            static func whole(_ request: String, _ bytes: Int) -> Answer {
                Answer(request: request, bytes: bytes, finished: true, resetCode: nil, isPattern: true)
            }

            static func reset(_ request: String) -> Answer {
                Answer(request: request, bytes: 0, finished: false, resetCode: 1, isPattern: true)
            }
        }

        private struct Answers: Decodable {
            let answers: [Answer]
        }

        private func fetch(_ requests: [String], from server: RunningServer) async throws -> [Answer] {
            try await Peers.run("hq_client.py", server.hostAndPort + requests, as: Answers.self).answers
        }

        @Test func answersHaveTheLengthAskedFor() async throws {
            let sizes = [1_048_576, 0, 1, 65_536, 65_537]
            try await withServer("--alpn", "hq-interop") { server in
                let answers = try await fetch(sizes.map { "GET /\($0)" }, from: server)
                #expect(answers == sizes.map { .whole("GET /\($0)", $0) })
            }
        }

        @Test func requestsThatAreNotUnderstoodAreReset() async throws {
            let requests = [
                "nonsense", "POST /64", "GET /index.html", "GET 64", "GET /-1", "GET /1073741825",
                "GET /99999999999999999999", "GET /" + String(repeating: "0", count: 10_000),
            ]
            try await withServer("--alpn", "hq-interop") { server in
                let answers = try await fetch(requests, from: server)
                #expect(answers == requests.map(Answer.reset))
                let next = try await fetch(["GET /64"], from: server)
                #expect(next == [.whole("GET /64", 64)])
            }
        }
    }
}
