import QUICTransport
import Testing

@Suite struct LinkedLibrariesTests {
    @Test(arguments: [LinkedLibraries.ngtcp2Version, LinkedLibraries.gnutlsVersion])
    func versionsAreNumbers(version: String) {
        #expect(version.split(separator: ".").count >= 2)
        #expect(version.first?.isNumber == true)
    }
}
