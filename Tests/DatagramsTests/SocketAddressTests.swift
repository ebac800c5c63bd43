import Datagrams
import Testing

@Suite struct SocketAddressTests {
    @Test(arguments: ["127.0.0.1:4433", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:4433", "[::]:0", "[fe80::1]:1"])
    func isReadAndWrittenAsPeopleWriteIt(text: String) throws {
        let address = try #require(SocketAddress(text))
        #expect(address.description == text)
        #expect(SocketAddress(address.description) == address)
    }

    @Test(arguments: [
        "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "localhost:1", "::1:1",
        "[::1]", "[127.0.0.1]:1", "1.2.3:4", "[::1:1", "127.0.0.1:1 ", "127.0.0.1:١",
        "127.0.0.1\0x:80", "[::1\0]:80",
    ])
    func anythingElseIsRefused(text: String) {
        #expect(SocketAddress(text) == nil)
    }

    @Test(arguments: ["127.0.0.1:4433", "[2001:db8::7]:9"])
    func survivesTheSystemsForm(text: String) throws {
        try expectSurvival(of: #require(SocketAddress(text)))
    }

    // RFC 4007 §6: a link-local address means nothing without its zone.
    @Test func theScopeOfALinkLocalAddressSurvivesToo() throws {
        let address = try #require(SocketAddress("[fe80::7]:9"))
        let scoped = SocketAddress(address.ipv6Address, port: address.port, scope: 3)
        #expect(scoped != address)
        try expectSurvival(of: scoped)
    }

    private func expectSurvival(of address: SocketAddress) throws {
        let copy = unsafe withUnsafeTemporaryAllocation(byteCount: 28, alignment: 8) { storage -> SocketAddress? in
            guard let base = storage.baseAddress else { return nil }
            let length = unsafe address.copy(to: base)
            #expect(length == address.socketAddressLength)
            #expect(unsafe SocketAddress(copying: base, length: length - 1) == nil)
            return unsafe SocketAddress(copying: base, length: length)
        }
        #expect(copy == address)
    }

    @Test func knowsLoopbackAndTheUnspecifiedAddress() throws {
        #expect(try #require(SocketAddress("127.9.8.7:1")).isLoopback)
        #expect(try #require(SocketAddress("[::1]:1")).isLoopback)
        #expect(try !#require(SocketAddress("128.0.0.1:1")).isLoopback)
        #expect(try !#require(SocketAddress("[::2]:1")).isLoopback)
        #expect(try #require(SocketAddress("0.0.0.0:1")).isUnspecified)
        #expect(try #require(SocketAddress("[::]:1")).isUnspecified)
    }

    @Test func staysInline() {
        #expect(MemoryLayout<SocketAddress>.size <= 28)
    }
}
