import BoundedMemory
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Servers that ask their clients for certificates. RFC 8446 §4.3.2.
@Suite struct ClientCertificateTests {
    /// Keeps what it sees of its clients' certificates, and refuses one of them.
    private final class Gatekeeper: StreamService {
        let applicationProtocol = "echo"
        /// The certificates at each admission, then at each opening.
        var seen: [[UInt8]?] = []
        var refused: [UInt8]?

        func admission(of connection: Connection) -> ConnectionAdmission {
            seen.append(connection.peerCertificate)
            return refused != nil && connection.peerCertificate == refused ? .refuse(code: 9) : .accept
        }

        func connectionDidOpen(_ connection: Connection) {
            seen.append(connection.peerCertificate)
        }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            if bytes.byteCount > 0 { try stream.write(Array(copying: bytes)) }
            if isFinal { stream.finish() }
        }

        func stream(_ stream: Stream, didRelease count: Int) { stream.extendCredit(count) }
    }

    /// How a client comes.
    enum Visitor: CaseIterable {
        case anonymous, known, forClients, stranger, expired, forServers
    }

    /// How a server asks.
    enum Asking: CaseIterable {
        case none, requested, required

        func authentication(_ authorities: String) -> ClientAuthentication {
            switch self {
            case .none: .none
            case .requested: .requested(authorities: authorities)
            case .required: .required(authorities: authorities)
            }
        }
    }

    /// A client that completed its handshake, and how that ended.
    private struct Outcome: Equatable {
        var established = false
        var server: [CloseCause] = []
        var client: [CloseCause] = []

        static let served = Outcome(established: true)

        static func alert(_ number: UInt8) -> Outcome {
            Outcome(established: true, server: [.tlsAlert(number)], client: [.tlsAlert(number)])
        }
    }

    private static let twoCertificates = 2

    private func folder(
        for subject: CertificateChain.Subject = CertificateChain.Subject(name: "client"),
        authorityName: String = "Authority"
    ) throws -> CertificateFolder {
        try CertificateFolder(for: subject, certificateCount: Self.twoCertificates, authorityName: authorityName)
    }

    private func certificate(of visitor: Visitor) throws -> CertificateFolder? {
        switch visitor {
        case .anonymous: nil
        case .known: try folder()
        case .stranger: try folder(authorityName: "Another authority")
        case .expired: try folder(for: CertificateChain.Subject(name: "client", isExpired: true))
        // id-kp-clientAuth and id-kp-serverAuth. RFC 5280 §4.2.1.12.
        case .forClients: try folder(for: CertificateChain.Subject(name: "client", purpose: "1.3.6.1.5.5.7.3.2"))
        case .forServers: try folder(for: CertificateChain.Subject(name: "client", purpose: "1.3.6.1.5.5.7.3.1"))
        }
    }

    private func serverTLS(_ authentication: ClientAuthentication) throws -> TLSServerContext {
        try TLSServerContext(
            certificate: .selfSigned,
            protocols: try ApplicationProtocols(["echo"]),
            clientAuthentication: authentication
        )
    }

    private func clientTLS(
        _ certificate: CertificateSource?,
        resumesSessions: Bool = false,
        hello: ClientHelloChanges = ClientHelloChanges(),
        messageBytesLimit: Int = TransportConfiguration.clientCertificateMessageBytesLimit
    ) throws -> TLSClientContext {
        try TLSClientContext(
            protocols: try ApplicationProtocols(["echo"]),
            resumesSessions: resumesSessions,
            certificate: certificate,
            certificateMessageBytesLimit: messageBytesLimit,
            hello: hello
        )
    }

    /// One client with `certificate` connects, and leaves where it is served; nothing is left behind.
    private func outcome(_ certificate: CertificateSource?, at pair: Pair) throws -> Outcome {
        var outcome = Outcome()
        let before = (pair.serverCloses.count, pair.clientCloses.count)
        let connection = try pair.connect(tls: clientTLS(certificate, messageBytesLimit: .max))
        pair.run(for: .seconds(5)) {
            outcome.established = outcome.established || connection.state == .established
            return connection.state == .closed || pair.server.statistics.connections.established > 0
        }
        outcome.server = Array(pair.serverCloses.dropFirst(before.0))
        outcome.client = Array(pair.clientCloses.dropFirst(before.1))
        if connection.state != .closed { pair.client.close(connection, at: pair.now) }
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
        return outcome
    }

    // RFC 8446 §4.4.2.4: a server that requires a certificate aborts the handshake with certificate_required where there is none;
    // other alerts, such as bad_certificate, certificate_expired and unknown_ca, are in §6.2.
    @Test(arguments: Asking.allCases, Visitor.allCases)
    func everyClientIsServedOrLearnsWhyNot(asking: Asking, visitor: Visitor) throws {
        let service = Gatekeeper()
        let authority = try self.folder()
        let tls = try serverTLS(asking.authentication(authority.authority))
        let pair = try Pair(seed: 1, services: [service], serverTLS: tls)
        let folder = try certificate(of: visitor)
        let expected: Outcome =
            switch (asking, visitor) {
            case (.none, _), (.requested, .anonymous), (_, .known), (_, .forClients): .served
            case (.required, .anonymous): .alert(116)
            case (_, .stranger): .alert(48)
            case (_, .expired): .alert(45)
            case (_, .forServers): .alert(43)
            }
        #expect(try outcome(folder?.source, at: pair) == expected)
        let shown = try folder.map { try #require(firstCertificate($0.chain.certificates)) }
        // Where it is not served, no service hears of it.
        let seen = expected == .served ? Array(repeating: asking == .none ? nil : shown, count: 2) : []
        let hasSeenThat = service.seen == seen
        #expect(hasSeenThat, "\(service.seen.map { $0?.count })")
    }

    @Test func aServiceRefusesAClientByItsCertificate() throws {
        let service = Gatekeeper()
        let (one, other) = (try folder(), try folder(for: CertificateChain.Subject(name: "another client")))
        service.refused = firstCertificate(one.chain.certificates)
        let pair = try Pair(
            seed: 1,
            services: [service],
            serverTLS: serverTLS(.requested(authorities: one.authority))
        )
        for (folder, cause) in [(one, CloseCause.peerClose), (other, .localClose)] {
            let connection = try pair.connect(tls: clientTLS(folder.source))
            pair.run(for: .seconds(1))
            if connection.state == .established { pair.client.close(connection, at: pair.now) }
            pair.run(for: .seconds(1))
            #expect(pair.clientCloses.last == cause)
        }
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    /// A ticket would have the client's certificates in it.
    @Test(arguments: [true, false])
    func aClientThatHasShownACertificateGetsNoTicket(hasCertificate: Bool) throws {
        let (service, folder) = (Gatekeeper(), try folder())
        let pair = try Pair(
            seed: 1,
            services: [service],
            serverTLS: serverTLS(.requested(authorities: folder.authority))
        )
        var resumed: [Bool] = []
        pair.client.onEstablish = { resumed.append($0.isResumed) }
        let tls = try clientTLS(hasCertificate ? folder.source : nil, resumesSessions: true)
        for _ in 0..<2 {
            let connection = try pair.connect(tls: tls)
            pair.run(for: .seconds(1))
            pair.client.close(connection, at: pair.now)
        }
        #expect(resumed == [false, !hasCertificate])
        #expect(service.seen.map { $0 != nil } == Array(repeating: hasCertificate, count: 4))
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }
}

// MARK: - Limits

extension ClientCertificateTests {
    /// A chain whose message has exactly `messageBytes`. RFC 8446 §4.4.2.
    private func folder(messageBytes: Int) throws -> CertificateFolder {
        let wanted = messageBytes - 8 - 5 * Self.twoCertificates
        for byteCount in (wanted - 20)...(wanted + 20) {
            // Signatures by RSA all have one length.
            let chain = try CertificateChain(
                .rsa4096,
                byteCount: byteCount,
                certificateCount: Self.twoCertificates,
                for: CertificateChain.Subject(name: "client")
            )
            if chain.byteCount == wanted { return try CertificateFolder(chain) }
        }
        throw WantedLength(byteCount: wanted)
    }

    private struct WantedLength: Error {
        let byteCount: Int
    }

    // RFC 8446 §6.2: decode_error is sent when the length of the message was incorrect.
    @Test func theLongestCertificatesAreTakenAndAByteMoreIsRefused() throws {
        let limit = TransportConfiguration.clientCertificateMessageBytesLimit
        let (longest, longer) = (try folder(messageBytes: limit), try folder(messageBytes: limit + 1))
        let pair = try Pair(
            seed: 1,
            services: [Gatekeeper()],
            serverTLS: serverTLS(.required(authorities: longest.authority))
        )
        #expect(try outcome(longest.source, at: pair) == .served)
        #expect(try outcome(longer.source, at: pair) == .alert(50))
        let error = #expect(throws: QUICError.self) { try clientTLS(longer.source) }
        #expect(error?.description.contains("8193 bytes; accepted are up to 8192 bytes") == true)
    }

    /// The longest chains of both sides, with the longest ClientHello, on a path that loses packets.
    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func theLongestHandshakeIsWithinItsLimitAndItsFloor(seed: UInt64) throws {
        let client = try folder(messageBytes: TransportConfiguration.clientCertificateMessageBytesLimit)
        let server = try CertificateFolder(.init(.rsa4096, byteCount: 32_700))
        let tls = try TLSServerContext(
            certificate: server.source,
            protocols: try ApplicationProtocols(["echo"]),
            clientAuthentication: .required(authorities: client.authority)
        )
        var configuration = EndpointConfiguration()
        configuration.admission.retryPolicy = .never
        var clientConfiguration = EndpointConfiguration()
        clientConfiguration.transport.handshakeBytesLimit = TransportConfiguration.handshakeBytesLimitOfClients
        let pair = try Pair(
            seed: seed,
            services: [EchoService()],
            configuration: configuration,
            clientConfiguration: clientConfiguration,
            serverTLS: tls,
            conditions: .init(jitter: .milliseconds(2), loss: 0.05, duplication: 0)
        )
        var hello = ClientHelloChanges()
        hello.paddingBytes = 7_700
        let connection = try pair.connect(tls: clientTLS(client.source, hello: hello))
        pair.run(for: .seconds(10)) { pair.server.statistics.connections.established > 0 }
        #expect(connection.state == .established)
        var transport = TransportConfiguration()
        transport.certificateChainBytes = tls.certificateChainBytes
        transport.asksForCertificates = true
        // Where datagrams overtake each other, a client may have two connections for a while: the ledger's peak is that of both.
        let reports = pair.server.reports(at: pair.now)
        #expect(reports.contains { $0.peakBytes > 100_000 })
        #expect(reports.allSatisfy { $0.peakBytes <= transport.handshakeFloorBytes })
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(60))
        #expect(pair.server.statistics.connections.budgetExceeded.isEmpty)
        expectEverythingReturned(pair)
    }

    /// As many certificates as fit into the message, and as few.
    @Test(arguments: [1, 2, 4, 6, 8, 10, 12, 14, 16, 18])
    func aHandshakeWithACertificateIsWithinItsFloor(certificateCount: Int) throws {
        let chain = try CertificateChain(
            .p256,
            byteCount: 7_900,
            certificateCount: certificateCount,
            for: CertificateChain.Subject(name: "c"),
            authorityName: "A"
        )
        let folder = try CertificateFolder(chain)
        let pair = try Pair(
            seed: 1,
            services: [Gatekeeper()],
            serverTLS: serverTLS(.required(authorities: folder.authority))
        )
        // GnuTLS follows a chain for 16 certificates, and finds no authority at its end then.
        #expect(try outcome(folder.source, at: pair) == (certificateCount <= 16 ? .served : .alert(48)))
        var transport = TransportConfiguration()
        transport.asksForCertificates = true
        #expect(pair.server.ledger.totalUsage.peakBytes <= transport.handshakeFloorBytes)
    }

    /// A server that does not ask has the limits of old.
    @Test func aServerThatDoesNotAskKeepsNothingForCertificates() throws {
        let transport = TransportConfiguration()
        #expect(transport.handshakeFloorBytes == TransportConfiguration.handshakeFloorBytes)
        #expect(transport.handshakeCryptoBytesLimit == TransportConfiguration.handshakeCryptoBytesLimit)
        #expect(try !serverTLS(.none).asksForCertificates)
        #expect(throws: QUICError.self) { try serverTLS(.required(authorities: "/no/such/authorities")) }
    }
}
