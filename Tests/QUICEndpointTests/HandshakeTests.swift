import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import Testing

@testable import QUICTransport

/// What bounds a handshake, and what changes with its end.
@Suite struct HandshakeTests {
    private static let handle = ConnectionHandle(index: 0, generation: 1)
    private static let stranger = SocketAddress(ipv4: 203, 0, 113, 5, port: 999)
    /// The bytes of ``HalfClientHello``.
    private static let beginning: UInt64 = 262

    /// A server that has the first half of a ClientHello, and the writer of its client.
    private func pairInHandshake(seed: UInt64) throws -> (Pair, InitialPacketWriter) {
        let pair = try Pair(seed: seed, services: [EchoService()])
        var writer = InitialPacketWriter(seed: seed)
        pair.inject(writer.datagram(HalfClientHello.frame), from: Self.stranger)
        #expect(pair.server.statistics.connections.handshaking == 1)
        return (pair, writer)
    }

    /// TLS ends most such clients earlier, by the length of a message. So the count begins near its end here.
    @Test func moreThan17408CryptoBytesEndAHandshake() throws {
        var (pair, writer) = try pairInHandshake(seed: 1)
        let connection = try #require(pair.server.connection(Self.handle))
        connection.handshake.intake = HandshakeIntake(totalBytes: 17_408 - 100)
        // A message of its own, or a byte of a later one would be refused for its header.
        let rest: [UInt8] = [1, 0, 0, 96] + [UInt8](repeating: 0x55, count: 96)
        pair.inject(writer.datagram(Frame.crypto(offset: Self.beginning, rest)), from: Self.stranger)
        #expect(pair.serverCloses == [])
        pair.inject(writer.datagram(Frame.crypto(offset: Self.beginning + 100, [0x55])), from: Self.stranger)
        #expect(pair.serverCloses == [.transportError])
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    /// ngtcp2 has a deadline of its own at the same moment, so the end alone would not tell.
    @Test func theDeadlineOfAHandshakeStaysWhereItWas() throws {
        var (pair, writer) = try pairInHandshake(seed: 2)
        let connection = try #require(pair.server.connection(Self.handle))
        let deadline = connection.createdAt.advanced(by: TransportConfiguration().handshakeTimeout)
        for second in 0..<9 {
            #expect(connection.handshakeDeadline == deadline, "second \(second)")
            pair.run(for: .seconds(1))
            pair.inject(writer.datagram(Frame.ping), from: Self.stranger)
        }
        #expect(pair.serverCloses == [])
        pair.run(for: .seconds(1))
        #expect(pair.serverCloses == [.handshakeTimeout])
        #expect(connection.createdAt.duration(to: pair.now) <= .milliseconds(10_010))
    }

    /// With the limit of a handshake an established connection ends at its first larger message.
    @Test func theMemoryLimitOfAConnectionRisesWithItsHandshake() throws {
        let pair = try Pair(seed: 3, services: [EchoService()])
        let connection = try pair.connect()
        pair.run(for: .milliseconds(7))
        #expect(pair.server.reports(at: pair.now).map(\.bytesLimit) == [48 << 10])
        pair.run(for: .seconds(1))
        #expect(connection.state == .established)
        #expect(pair.server.reports(at: pair.now).map(\.bytesLimit) == [192 << 10])
    }

    // RFC 9001 §8.1: "When using ALPN, endpoints MUST immediately close a connection […] with a no_application_protocol TLS alert
    // […] if an application protocol is not negotiated."
    @Test func aServerThatAgreesOnNoProtocolIsLeft() throws {
        let tls = try TLSServerContext(
            certificate: .selfSigned,
            protocols: try ApplicationProtocols(["echo"]),
            announcesProtocol: false
        )
        let pair = try Pair(seed: 5, services: [EchoService()], serverTLS: tls)
        var established = 0
        pair.client.onEstablish = { _ in established += 1 }
        _ = try pair.connect()
        pair.run(for: .seconds(60))
        #expect(established == 0)
        #expect(pair.clientCloses == [.tlsAlert(120)])
        expectEverythingReturned(pair)
    }

    // RFC 8446 §4.6.1: "At any time after the server has received the client Finished message, it MAY send a NewSessionTicket
    // message."
    @Test(arguments: [true, false])
    func aServerSendsATicketOnlyWhereItIsConfiguredTo(sendsTicket: Bool) throws {
        var configuration = EndpointConfiguration()
        configuration.transport.sendsSessionTicket = sendsTicket
        let pair = try Pair(seed: 4, services: [EchoService()], configuration: configuration, resumesSessions: true)
        var resumed: [Bool] = []
        pair.client.onEstablish = { resumed.append($0.isResumed) }
        for _ in 0..<2 {
            let connection = try #require(try pair.connectAndEstablish())
            pair.run(for: .seconds(1))
            pair.client.close(connection, at: pair.now)
        }
        #expect(resumed == [false, sendsTicket])
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }
}
