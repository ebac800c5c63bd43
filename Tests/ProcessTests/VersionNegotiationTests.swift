import LoadModel
import Testing

extension RealProcesses {
    /// A bare datagram of an unknown version, and the answer byte by byte.
    @Suite struct VersionNegotiationTests {
        /// What Tests/Peers/version_negotiation.py prints.
        private struct Answer: Decodable {
            let isLongHeader: Bool
            let version: Int
            let echoesConnectionIDs: Bool
            let supportedVersions: [Int]
            let length: Int

            private enum CodingKeys: String, CodingKey {
                case version, length
                case isLongHeader = "is_long_header"
                case echoesConnectionIDs = "echoes_connection_ids"
                case supportedVersions = "supported_versions"
            }
        }

        @Test func theAnswerIsAVersionNegotiationPacket() async throws {
            try await withServer { server in
                let answer = try await Peers.run("version_negotiation.py", server.hostAndPort, as: Answer.self)
                // RFC 9000 §17.2.1: a long header of version 0, the connection IDs the other way round.
                #expect(answer.isLongHeader)
                #expect(answer.version == 0)
                #expect(answer.echoesConnectionIDs)
                #expect(answer.supportedVersions.contains(1))
                #expect(!answer.supportedVersions.contains(0x1A2A_3A4A))
                #expect(answer.length < 1_200)
                #expect(try await server.statistics().connections.created == 0)
            }
        }
    }
}
