/// The secrets of a connection's first 1-RTT keys. RFC 8446 §7.1.
package struct TrafficSecrets: Sendable {
    /// From which the client's keys follow.
    package let client: [UInt8]
    /// From which the server's keys follow.
    package let server: [UInt8]

    /// The latest pair in the lines of a key log; nil when it lacks one of them, or they are not of 32 bytes, as those of
    /// a cipher suite with SHA-384.
    package init?(keyLog lines: [String]) {
        func latest(_ label: String) -> [UInt8]? {
            lines.last { $0.hasPrefix(label + " ") }?.split(separator: " ").last.flatMap(Self.bytes)
        }
        guard let client = latest("CLIENT_TRAFFIC_SECRET_0"), let server = latest("SERVER_TRAFFIC_SECRET_0"),
            client.count == 32, server.count == 32
        else { return nil }
        self.client = client
        self.server = server
    }

    private static func bytes(_ hexadecimal: Substring) -> [UInt8]? {
        var rest = hexadecimal[...]
        var bytes: [UInt8] = []
        while !rest.isEmpty {
            guard rest.count >= 2, let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
