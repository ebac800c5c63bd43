import BoundedMemory
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Servers with long certificate chains: every client with a ClientHello up to the limit completes its handshake.
@Suite struct CertificateChainTests {
    /// A server's chain and a client's first message.
    struct Handshake: CustomTestStringConvertible {
        let key: CertificateChain.Key
        let chainBytes: Int
        let helloBytes: Int
        let loss: Double

        static let all = CertificateChain.Key.allCases.flatMap { key in
            [2_000, 4_000, 7_400, 12_000, 20_000, 32_700].flatMap { chainBytes in
                [300, 1_500, 3_000, 8_000].flatMap { helloBytes in
                    [0, 0.05].map { Handshake(key: key, chainBytes: chainBytes, helloBytes: helloBytes, loss: $0) }
                }
            }
        }

        var testDescription: String { "\(key), \(chainBytes) bytes, a hello of \(helloBytes), loss \(loss)" }
    }

    /// The bytes of this client's ClientHello without padding, about.
    private static let plainHelloBytes = 300
    private static let longestChainBytes = TransportConfiguration.certificateChainBytesGranted
    private static let longestHelloBytes = 8_000

    /// The server's side of TLS with such a chain.
    private func serverTLS(
        _ key: CertificateChain.Key,
        _ chainBytes: Int,
        transcriptBytesLimit: Int = TransportConfiguration.transcriptBytesLimit
    ) throws -> TLSServerContext {
        let folder = try CertificateFolder(CertificateChain(key, byteCount: chainBytes))
        let tls = try TLSServerContext(
            certificate: folder.source,
            protocols: try ApplicationProtocols(["echo"]),
            transcriptBytesLimit: transcriptBytesLimit
        )
        #expect(tls.certificateChainBytes == folder.chain.byteCount)
        return tls
    }

    private func pair(
        seed: UInt64,
        _ tls: TLSServerContext,
        helloBytes: Int,
        loss: Double = 0,
        retryPolicy: RetryPolicy = .never
    ) throws -> Pair {
        var configuration = EndpointConfiguration()
        configuration.admission.retryPolicy = retryPolicy
        var clientConfiguration = EndpointConfiguration()
        clientConfiguration.transport.handshakeBytesLimit = TransportConfiguration.handshakeBytesLimitOfClients
        var hello = ClientHelloChanges()
        hello.paddingBytes = max(0, helloBytes - Self.plainHelloBytes)
        return try Pair(
            seed: seed,
            services: [EchoService()],
            configuration: configuration,
            clientConfiguration: clientConfiguration,
            serverTLS: tls,
            hello: hello,
            // Where datagrams overtake each other, some clients are sent a Retry, and have two connections at the server.
            conditions: .init(jitter: loss > 0 ? .milliseconds(2) : .zero, loss: loss, duplication: 0)
        )
    }

    /// One client of `pair` shakes hands, has an echo, and leaves nothing.
    private func expectEcho(in pair: Pair) throws {
        let connection = try #require(try pair.connectAndEstablish())
        let stream = try pair.send([1, 2, 3], on: connection)
        pair.run(for: .seconds(5)) { pair.recorder.received(on: connection, stream).isComplete }
        #expect(pair.recorder.received(on: connection, stream).bytes == [1, 2, 3])
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(60))
        #expect(pair.server.statistics.connections.budgetExceeded.isEmpty)
        expectEverythingReturned(pair)
    }

    // RFC 9000 §8.1: prior to validating the client address, servers MUST NOT send more than three times as many bytes as the
    // number of bytes they have received. A long chain takes a round trip more for it, and no more.
    @Test(arguments: Handshake.all)
    func everyHandshakeIsCompletedWithinItsMemory(_ handshake: Handshake) throws {
        let tls = try serverTLS(handshake.key, handshake.chainBytes)
        for seed in UInt64(1)...(handshake.loss > 0 ? 5 : 1) {
            let pair = try pair(seed: seed, tls, helloBytes: handshake.helloBytes, loss: handshake.loss)
            try expectEcho(in: pair)
            #expect(pair.server.statistics.transmitted.bytes > handshake.chainBytes, "the chain was not sent")
        }
    }

    @Test(arguments: CertificateChain.Key.allCases)
    func theLongestChainReachesClientsThatProveTheirAddressFirst(key: CertificateChain.Key) throws {
        let tls = try serverTLS(key, Self.longestChainBytes)
        for seed in UInt64(1)...3 {
            let pair = try pair(seed: seed, tls, helloBytes: Self.longestHelloBytes, loss: 0.05, retryPolicy: .always)
            try expectEcho(in: pair)
        }
    }

    @Test(arguments: [8_000, 16_000, longestChainBytes])
    func aHandshakeIsWithinItsLimitAndItsFloor(chainBytes: Int) throws {
        let tls = try serverTLS(.p256, chainBytes)
        var transport = TransportConfiguration()
        transport.certificateChainBytes = tls.certificateChainBytes
        let pair = try pair(seed: 1, tls, helloBytes: 3_000)
        try expectEcho(in: pair)
        let ledger = pair.server.ledger
        #expect(ledger.usage(of: .transport).peakBytes <= transport.handshakeBytesLimitWithChain)
        #expect(ledger.usage(of: .transport).peakBytes > chainBytes)
        #expect(ledger.totalUsage.peakBytes <= transport.handshakeFloorBytes)
    }

    // RFC 8446 §6.2: decode_error is sent when the length of the message was incorrect.
    @Test func aClientHelloBeyondTheLimitIsRefusedWhateverTheChain() throws {
        for chainBytes in [500, Self.longestChainBytes] {
            let pair = try pair(seed: 1, try serverTLS(.p256, chainBytes), helloBytes: 8_500)
            let connection = try pair.connect()
            pair.run(for: .seconds(5))
            #expect(connection.state == .closed)
            #expect(pair.serverCloses == [.tlsAlert(50)])
            #expect(pair.server.ledger.usage(of: .tls).peakBytes < 32_000, "no part of it is for TLS")
            pair.run(for: .seconds(60))
            expectEverythingReturned(pair)
        }
    }

    /// The negative control: GnuTLS's limit as it was, which counts the server's own messages as well.
    @Test(arguments: [(6_200, 1_500), (7_400, 300), (Self.longestChainBytes, 300)])
    func withALimitOnTheWholeTranscriptTheServerServesNobody(chainBytes: Int, helloBytes: Int) throws {
        let tls = try serverTLS(.rsa4096, chainBytes, transcriptBytesLimit: 8 << 10)
        let pair = try pair(seed: 1, tls, helloBytes: helloBytes)
        #expect(try pair.connectAndEstablish() == nil)
        #expect(pair.serverCloses == [.tlsAlert(50)])
    }

    /// The negative control: a chain that a server refuses to start with, since the limit has no room for it.
    @Test func withoutRoomInTheHandshakeLimitTheServerServesNobody() throws {
        let pair = try pair(seed: 1, try serverTLS(.p256, 60_000), helloBytes: 300)
        #expect(try pair.connectAndEstablish() == nil)
        pair.run(for: .seconds(60))
        #expect(pair.server.statistics.connections.budgetExceeded == [.handshake: 1])
        expectEverythingReturned(pair)
    }
}
