internal import Datagrams

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A host as people write it: a name, or an address with or without brackets and scope.
package struct RemoteHost: Hashable, Sendable {
    /// The name in lower case without a final dot, or the address: two texts for the same host are one.
    package let text: String
    /// The name that the server's certificate has to be for: an address without its scope. RFC 6066 §3: a name has no final dot.
    package let serverName: String
    /// The address with port 0, where it is one.
    let address: SocketAddress?

    /// The longest name without its final dot, and the longest part of one. RFC 1035 §2.3.4.
    private static let nameBytesLimit = 253
    private static let labelBytesLimit = 63

    /// - Throws: When `host` can be neither a name nor an address of this machine's network.
    package init(_ host: String) throws(LookupError) {
        // The system would take the part before it alone.
        guard !host.utf8.contains(0) else { throw .invalidHost }
        if let address = SocketAddress("\(host):0") ?? SocketAddress("[\(host)]:0") {
            self.init(address, zone: "")
        } else if let (address, zone) = try Self.scopedAddress(host) {
            self.init(address, zone: zone)
        } else {
            let name = (host.hasSuffix(".") ? String(host.dropLast()) : host).lowercased()
            guard Self.isName(name) else { throw .invalidHost }
            self.init(text: name, serverName: name, address: nil)
        }
    }

    private init(_ address: SocketAddress, zone: String) {
        let host = address.host
        self.init(text: zone.isEmpty ? host : "\(host)%\(zone)", serverName: host, address: address)
    }

    private init(text: String, serverName: String, address: SocketAddress?) {
        self.text = text
        self.serverName = serverName
        self.address = address
    }

    /// RFC 1123 §2.1, and the underscore, which services' names have. Other letters have a form of these: RFC 5890 §2.3.2.1.
    private static func isName(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= nameBytesLimit else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.utf8.count <= labelBytesLimit
                && label.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                    case UInt8(ascii: "-"), UInt8(ascii: "_"): true
                    default: false
                    }
                }
        }
    }

    /// An IPv6 address with the interface at which it is, by name or by number. RFC 4007 §11.
    ///
    /// Only addresses of one link need it: with any other it would make an address that no packet comes from.
    private static func scopedAddress(_ host: String) throws(LookupError) -> (SocketAddress, zone: String)? {
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        let bare = isBracketed ? host.dropFirst().dropLast() : host[...]
        guard let percent = bare.firstIndex(of: "%"), let address = SocketAddress("[\(bare[..<percent])]:0") else {
            return nil
        }
        let zone = String(bare[bare.index(after: percent)...])
        let index = unsafe UInt32(zone) ?? if_nametoindex(zone)
        guard index > 0 else { throw .noSuchInterface(zone) }
        guard isLinkLocal(address) else { return (address, "") }
        return (SocketAddress(address.ipv6Address, port: 0, scope: index), "\(index)")
    }

    /// fe80::/10. RFC 4291 §2.5.6.
    private static func isLinkLocal(_ address: SocketAddress) -> Bool {
        var bytes = address.ipv6Address
        return unsafe withUnsafeBytes(of: &bytes) { unsafe $0[0] == 0xfe && $0[1] & 0xc0 == 0x80 }
    }
}
