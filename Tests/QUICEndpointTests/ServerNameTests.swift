import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Servers with several certificates. RFC 6066 §3.
@Suite struct ServerNameTests {
    private static let names = ["localhost", "one.example", "*.wild.example", "two.example"]

    /// A server with a certificate for each of ``names``, and whether clients that believe each of them alone get through.
    private func pair(_ folders: [CertificateFolder]) throws -> Pair {
        let tls = try TLSServerContext(
            certificate: folders[0].source,
            additionalCertificates: folders.dropFirst().map(\.source),
            protocols: try ApplicationProtocols(["echo"])
        )
        #expect(tls.certificateChainBytes == folders.map(\.chain.byteCount).max())
        return try Pair(seed: 1, services: [EchoService()], serverTLS: tls)
    }

    private func tls(_ name: String, _ verification: ServerVerification = .none) throws -> TLSClientContext {
        try TLSClientContext(
            protocols: try ApplicationProtocols(["echo"]),
            serverName: name,
            verification: verification
        )
    }

    /// The number of the certificate that the server shows a client that asks for `name`.
    private func shown(_ name: String, by pair: Pair, of certificates: [[UInt8]]) throws -> Int? {
        let seen = Seen()
        pair.client.onEstablish = { seen.certificate = $0.peerCertificate }
        let connection = try pair.connect(tls: tls(name))
        pair.run(for: .seconds(5)) { connection.state == .established }
        pair.client.close(connection, at: pair.now)
        return seen.certificate.flatMap { certificates.firstIndex(of: $0) }
    }

    private final class Seen {
        var certificate: [UInt8]?
    }

    @Test func eachNameIsShownItsCertificate() throws {
        // Each of another length, and the last the longest.
        let folders = try Self.names.enumerated().map {
            try CertificateFolder(for: CertificateChain.Subject(name: $1), byteCount: 1_000 + 1_000 * $0)
        }
        let pair = try pair(folders)
        let certificates = try folders.map { try #require(firstCertificate($0.chain.certificates)) }
        // The last are for none: an address is not sent.
        let expected = [
            "localhost": 0, "one.example": 1, "ONE.example": 1, "two.example": 3, "a.wild.example": 2,
            "wild.example": 0, "a.b.wild.example": 0, "another.example": 0, "127.0.0.1": 0,
        ]
        for (name, number) in expected { #expect(try shown(name, by: pair, of: certificates) == number, "\(name)") }
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    @Test func clientsThatVerifyTheNameAreServed() throws {
        let folders = try Self.names.map { name in
            try CertificateFolder(for: CertificateChain.Subject(name: name), authorityName: "Authority of \(name)")
        }
        let pair = try pair(folders)
        for (name, number) in [("one.example", 1), ("a.wild.example", 2), ("localhost", 0)] {
            for (other, folder) in folders.enumerated() {
                let connection = try pair.connect(tls: tls(name, .authorities(file: folder.authority)))
                pair.run(for: .seconds(5)) { connection.state != .handshaking }
                // All of them have one key, so that the name of the authority is the difference.
                #expect((connection.state == .established) == (number == other), "\(name) with \(other)")
                if connection.state == .established { pair.client.close(connection, at: pair.now) }
            }
        }
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    @Test func aCertificateThatCannotBeReadIsNamed() throws {
        let missing = CertificateSource.files(certificate: "/no/such/certificate", privateKey: "/no/such/key")
        let error = #expect(throws: QUICError.self) {
            try TLSServerContext(
                certificate: .selfSigned,
                additionalCertificates: [missing],
                protocols: try ApplicationProtocols(["echo"])
            )
        }
        #expect(error?.description.contains("/no/such/certificate") == true)
    }
}
