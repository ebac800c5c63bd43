import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Servers whose certificates are limited to a purpose. RFC 5280 §4.2.1.12. Those of clients are in `ClientCertificateTests`.
@Suite struct KeyPurposeTests {
    /// The purpose in a server's certificate.
    enum Purpose: String, CaseIterable {
        case none
        case serverAuth = "1.3.6.1.5.5.7.3.1"
        case clientAuth = "1.3.6.1.5.5.7.3.2"
        case codeSigning = "1.3.6.1.5.5.7.3.3"
        case any = "2.5.29.37.0"

        /// RFC 5280: "If the extension is present, then the certificate MUST only be used for one of the purposes indicated."
        var isForServers: Bool { [.none, .serverAuth, .any].contains(self) }
    }

    private func folder(_ purpose: Purpose, certificateCount: Int = 2) throws -> CertificateFolder {
        let subject = CertificateChain.Subject(purpose: purpose == .none ? nil : purpose.rawValue)
        return try CertificateFolder(for: subject, certificateCount: certificateCount)
    }

    private func tls(_ name: String, _ verification: ServerVerification) throws -> TLSClientContext {
        let protocols = try ApplicationProtocols(["echo"])
        return try TLSClientContext(protocols: protocols, serverName: name, verification: verification)
    }

    /// Whether a client is served, and whether it refused the server's certificate.
    private func visit(_ pair: Pair, _ tls: TLSClientContext) throws -> (isServed: Bool, hasRefused: Bool) {
        let connection = try pair.connect(tls: tls)
        pair.run(for: .seconds(5)) { connection.state != .handshaking }
        let isServed = connection.state == .established
        if isServed { pair.client.close(connection, at: pair.now) }
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
        return (isServed, connection.refusedCertificate)
    }

    private func pair(_ folder: CertificateFolder) throws -> Pair {
        let protocols = try ApplicationProtocols(["echo"])
        let tls = try TLSServerContext(certificate: folder.source, protocols: protocols)
        return try Pair(seed: 1, services: [EchoService()], serverTLS: tls)
    }

    /// As its own authority, and with one above it.
    @Test(arguments: Purpose.allCases, [1, 2])
    func onlyCertificatesForServersAreBelieved(_ purpose: Purpose, certificateCount: Int) throws {
        let folder = try folder(purpose, certificateCount: certificateCount)
        let outcome = try visit(pair(folder), tls("localhost", .authorities(file: folder.authority)))
        #expect(outcome.isServed == purpose.isForServers && outcome.hasRefused == !purpose.isForServers)
    }

    /// The purpose does not stand in for the name, nor the name for the purpose.
    @Test(arguments: Purpose.allCases)
    func theNameCountsAsWell(_ purpose: Purpose) throws {
        let folder = try folder(purpose)
        let verification = ServerVerification.authorities(file: folder.authority)
        // Contexts for further names, which have copies of their own.
        let first = try tls("example.org", verification)
        let second = TLSClientContext(for: "localhost", like: first)
        let pair = try pair(folder)
        #expect(try visit(pair, first) == (false, true))
        #expect(try visit(pair, second) == (purpose.isForServers, !purpose.isForServers))
    }

    /// A key that is known needs no vouching for.
    @Test func aKnownKeyServesAnyPurpose() throws {
        let folder = try folder(.codeSigning)
        let key = try PublicKeyHash(ofCertificate: folder.certificate)
        #expect(try visit(pair(folder), tls("localhost", .keys([key]))) == (true, false))
    }
}
