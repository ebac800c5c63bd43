import EchoService
import PacketWriter
import QUICTesting
import Testing

/// What a client's key log is told.
@Suite struct KeyLogTests {
    // RFC 8446 §7.1: the handshake and the application have a traffic secret for each direction.
    @Test func eachSecretOfASessionIsALineOfThreeWords() throws {
        let pair = try Pair(seed: 1, services: [EchoService()])
        _ = try #require(try pair.connectAndEstablish())
        let words = pair.keyLog.lines.map { $0.split(separator: " ") }
        #expect(words.allSatisfy { $0.count == 3 && $0[1].count == 64 && $0[2].count == 64 })
        #expect(Set(words.map { $0.dropFirst().first }).count == 1)
        let labels = Set(words.map { $0.first.map(String.init) })
        #expect(labels.isSuperset(of: ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET"]))
        #expect(labels.isSuperset(of: ["CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"]))
        #expect(pair.keyLog.takeSecrets() != nil)
        #expect(pair.keyLog.lines.isEmpty)
    }
}
