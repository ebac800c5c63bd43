import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// The libraries that sign a server's part of a handshake. Clients verify each signature: RFC 8446 §4.4.3.
@Suite struct HandshakeSignerTests {
    /// A server whose handshakes are signed with `signers` and the key of `folder`, or with one made on the spot.
    private func context(_ folder: CertificateFolder?, _ signers: Set<HandshakeSigner>) throws -> TLSServerContext {
        try TLSServerContext(
            certificate: folder?.source ?? .selfSigned,
            protocols: try ApplicationProtocols(["echo"]),
            signers: signers
        )
    }

    private func expectHandshakes(_ tls: TLSServerContext) throws {
        let pair = try Pair(seed: 1, services: [EchoService()], serverTLS: tls)
        for _ in 0..<3 {
            let connection = try pair.connect()
            pair.run(for: .seconds(5)) { connection.state == .established }
            #expect(connection.state == .established)
            pair.client.close(connection, at: pair.now)
        }
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    @Test(arguments: HandshakeSigner.allCases)
    func clientsVerifyWhatEitherSignsWithAKeyMadeOnTheSpot(signer: HandshakeSigner) throws {
        let tls = try context(nil, [signer])
        #if OpenSSL
        #expect(tls.signer == signer)
        #else
        #expect(tls.signer == .gnutls)
        #endif
        try expectHandshakes(tls)
    }

    @Test(arguments: CertificateChain.Key.allCases)
    func theFastestThatCanSignsWithAKeyOfAFile(key: CertificateChain.Key) throws {
        let folder = try CertificateFolder(CertificateChain(key, byteCount: 4_000))
        let tls = try context(folder, Set(HandshakeSigner.allCases))
        #if OpenSSL
        #expect(tls.signer == (key == .p256 ? .libcrypto : .gnutls))
        #else
        #expect(tls.signer == .gnutls)
        #endif
        #expect(tls.certificateChainBytes == folder.chain.byteCount)
        try expectHandshakes(tls)
    }

    @Test func aKeyOfAnotherCertificateIsRefusedWhoeverSigns() throws {
        let folders = try CertificateChain.Key.allCases.map {
            try CertificateFolder(CertificateChain($0, byteCount: 4_000))
        }
        guard case .files(let certificate, _) = folders[0].source, case .files(_, let key) = folders[1].source else {
            Issue.record("no files")
            return
        }
        for signer in HandshakeSigner.allCases {
            #expect(throws: QUICError.self) {
                try TLSServerContext(
                    certificate: .files(certificate: certificate, privateKey: key),
                    protocols: try ApplicationProtocols(["echo"]),
                    signers: [signer]
                )
            }
        }
    }
}
