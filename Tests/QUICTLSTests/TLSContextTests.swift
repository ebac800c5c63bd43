import QUICPackets
import QUICTLS
import Testing

@Suite struct TLSContextTests {
    @Test func aCertificateIsMadeOnTheSpot() throws {
        let protocols = try ApplicationProtocols(["echo"])
        #expect(try TLSServerContext(certificate: .selfSigned, protocols: protocols).protocols == protocols)
    }

    @Test func filesThatCannotBeReadAreNamed() throws {
        let source = CertificateSource.files(certificate: "/no/such/certificate", privateKey: "/no/such/key")
        let error = #expect(throws: QUICError.self) {
            try TLSServerContext(certificate: source, protocols: try ApplicationProtocols(["echo"]))
        }
        #expect(error?.description.contains("/no/such/certificate") == true)
        #expect(error?.description.contains("/no/such/key") == true)
    }

    @Test func protocolsAreOneToEightOfOneTo31Bytes() throws {
        #expect(throws: QUICError.self) { try ApplicationProtocols([]) }
        #expect(throws: QUICError.self) { try ApplicationProtocols([""]) }
        #expect(throws: QUICError.self) { try ApplicationProtocols([String(repeating: "a", count: 32)]) }
        #expect(throws: QUICError.self) { try ApplicationProtocols((0..<9).map(String.init)) }
        let most = try ApplicationProtocols((0..<8).map { "\($0)" + String(repeating: "a", count: 30) })
        #expect(try TLSServerContext(certificate: .selfSigned, protocols: most).protocols.names.count == 8)
    }
}
