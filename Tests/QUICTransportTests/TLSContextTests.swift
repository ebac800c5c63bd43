import QUICTransport
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

    @Test func protocolsHaveOneTo255Bytes() throws {
        #expect(throws: QUICError.self) { try ApplicationProtocols([]) }
        #expect(throws: QUICError.self) { try ApplicationProtocols([""]) }
        #expect(throws: QUICError.self) { try ApplicationProtocols([String(repeating: "a", count: 256)]) }
        #expect(try ApplicationProtocols([String(repeating: "a", count: 255)]).names.count == 1)
    }
}
