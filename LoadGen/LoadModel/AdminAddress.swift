public import TextValues

/// Where a server's admin interface listens, read from a URL: `http://127.0.0.1:9443`.
public struct AdminAddress: Sendable, Equatable {
    /// The host name or address, without brackets.
    public let host: String
    /// The TCP port.
    public let port: UInt16

    /// The address in `url`.
    ///
    /// - Throws: ``TextValueError`` unless `url` is `http://HOST:PORT`, with or without a `/` behind it.
    public init(url: String) throws(TextValueError) {
        guard let address = Self.hostAndPort(of: url) else {
            let accepted = "http://HOST:PORT, such as http://127.0.0.1:9443 or http://[::1]:9443"
            throw TextValueError(text: url, kind: "an admin address", accepted: accepted)
        }
        (host, port) = address
    }

    /// The host as it stands in a URL or a `Host` field, with the port.
    public var authority: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private static func hostAndPort(of url: String) -> (String, UInt16)? {
        guard url.hasPrefix("http://") else { return nil }
        var rest = url.dropFirst("http://".count)
        if rest.hasSuffix("/") { rest.removeLast() }
        guard let colon = rest.lastIndex(of: ":") else { return nil }
        let digits = rest[rest.index(after: colon)...]
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = UInt16(digits), port > 0 else { return nil }
        var host = rest[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, host.contains(":") == isBracketed, !host.contains(where: { "/[]@ ".contains($0) }) else {
            return nil
        }
        return (String(host), port)
    }
}
