import LoadModel
import Testing
import TextValues

@Suite struct AdminAddressTests {
    @Test func hostAndPortAreRead() throws {
        let address = try AdminAddress(url: "http://127.0.0.1:9443")
        #expect(address.host == "127.0.0.1")
        #expect(address.port == 9_443)
        #expect(address.authority == "127.0.0.1:9443")
        #expect(try AdminAddress(url: "http://localhost:80/").authority == "localhost:80")
    }

    @Test func bracketsAroundAnIPv6AddressAreNotPartOfTheHost() throws {
        let address = try AdminAddress(url: "http://[::1]:9443")
        #expect(address.host == "::1")
        #expect(address.authority == "[::1]:9443")
    }

    @Test(arguments: [
        "", "127.0.0.1:9443", "https://127.0.0.1:9443", "http://127.0.0.1", "http://:9443", "http://h:0", "http://h:x",
        "http://h:65536", "http://::1:9443", "http://[h]:1", "http://h:1/stats", "http://u@h:1", "http://h:+1",
    ])
    func anythingElseIsRefused(url: String) throws {
        let error = #expect(throws: TextValueError.self) { try AdminAddress(url: url) }
        #expect(error?.description.hasPrefix("\"\(url)\" is not an admin address: use http://HOST:PORT") == true)
    }
}
