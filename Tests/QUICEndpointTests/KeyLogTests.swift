import EchoService
import PacketWriter
import QUICTesting
import QUICTransport
import Testing

/// The lines of the key logs of both sides.
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

    @Test func theServersLinesAreTheClients() throws {
        let log = KeyLogCollector()
        let tls = try TLSServerContext(
            certificate: .selfSigned,
            protocols: try ApplicationProtocols(["echo"]),
            keyLog: { log.append($0) }
        )
        let pair = try Pair(seed: 1, services: [EchoService()], serverTLS: tls)
        for _ in 0..<2 {
            _ = try #require(try pair.connectAndEstablish())
            pair.run(for: .seconds(1))
            #expect(Set(log.lines) == Set(pair.keyLog.lines))
            let (server, client) = (log.takeSecrets(), pair.keyLog.takeSecrets())
            #expect(server?.client == client?.client && server?.server == client?.server && server != nil)
        }
    }
}
