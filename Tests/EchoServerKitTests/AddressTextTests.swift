import Datagrams
import EchoServerKit
import Testing
import TextValues

@Suite struct AddressTextTests {
    @Test(arguments: ["127.0.0.1:4433", "0.0.0.0:0", "[::1]:4433", "[::]:65535", "10.1.2.3:1"])
    func addressesAreRead(text: String) throws {
        #expect(try AddressText.parse(text).description == text)
    }

    @Test(arguments: ["", "4433", ":4433", "localhost:4433", "127.0.0.1", "127.0.0.1:65536", "::1:4433", "[::1]"])
    func anythingElseIsRefused(text: String) {
        let error = #expect(throws: TextValueError.self) { try AddressText.parse(text) }
        #expect(error?.description.hasPrefix("\"\(text)\" is not an address to listen on: use an IPv4 address") == true)
    }

    @Test(arguments: ["127.0.0.1:9443", "127.9.9.9:0", "[::1]:9443"])
    func addressesOfThisHostOnlyAreRead(text: String) throws {
        #expect(try AddressText.parseLoopback(text).description == text)
    }

    @Test(arguments: ["0.0.0.0:9443", "192.168.0.1:9443", "[::]:9443", "[fe80::1]:9443"])
    func addressesThatOthersReachAreRefused(text: String) {
        let error = #expect(throws: TextValueError.self) { try AddressText.parseLoopback(text) }
        #expect(
            error?.description.hasPrefix("\"\(text)\" is not a loopback address: use an address in 127.0.0.0/8") == true
        )
    }
}
