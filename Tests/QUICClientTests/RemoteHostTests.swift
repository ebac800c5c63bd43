import Datagrams
import Testing

@testable import QUICClient

/// Hosts as people write them.
@Suite struct RemoteHostTests {
    @Test(arguments: [
        ("example.org", "example.org"), ("Example.ORG.", "example.org"), ("localhost", "localhost"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"), ("_dns.resolver.arpa", "_dns.resolver.arpa"),
        (String(repeating: "a", count: 63) + ".org", String(repeating: "a", count: 63) + ".org"),
    ])
    func namesAreLookedUp(_ host: String, _ name: String) throws {
        let remote = try RemoteHost(host)
        #expect(remote.text == name && remote.serverName == name && remote.address == nil)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("::1", "::1"), ("[::1]", "::1"), ("[2001:DB8:0::7]", "2001:db8::7"),
        ("2001:db8::7%1", "2001:db8::7"), ("::1%lo", "::1"),
    ])
    func addressesAreTaken(_ host: String, _ text: String) throws {
        let remote = try RemoteHost(host)
        let address = try #require(remote.address)
        #expect(remote.text == text && remote.serverName == text)
        #expect(address.host == text && address.port == 0 && address.scope == 0)
    }

    // RFC 4007 §11.2: "<address>%<zone_id>".
    @Test(arguments: ["fe80::1%1", "[fe80::1%1]", "fe80::1%lo", "[fe80::1%lo]", "FE80:0::1%lo", "febf::1%1"])
    func addressesOfALinkHaveAScope(_ host: String) throws {
        let remote = try RemoteHost(host)
        #expect(remote.address?.scope == 1 && remote.text.hasSuffix("::1%1"))
        // RFC 4007 §11: a zone has no meaning outside of its machine.
        #expect(remote.serverName.hasSuffix("::1"))
    }

    @Test func anInterfaceThatIsNotThereIsNamed() {
        for (host, zone) in [("fe80::1%nowhere", "nowhere"), ("[fe80::1%0]", "0"), ("::1%", "")] {
            #expect(throws: LookupError.noSuchInterface(zone)) { try RemoteHost(host) }
        }
        #expect("\(LookupError.noSuchInterface("nowhere"))".contains("'nowhere'"))
    }

    @Test(arguments: [
        "", ".", "..", "a..b", ".org", "a b", "exa\0mple.org", "127.0.0.1\0", "example.org:443", "[::1", "::1]",
        "[::1]:443",
        "[example.org]", "user@example.org", "https://example.org", "b\u{fc}cher.example", "\u{fffd}",
        String(repeating: "a", count: 64), String(repeating: "a.", count: 127) + "aa",
    ])
    func otherTextsAreNoHosts(_ host: String) {
        #expect(throws: LookupError.invalidHost) { try RemoteHost(host) }
    }
}
