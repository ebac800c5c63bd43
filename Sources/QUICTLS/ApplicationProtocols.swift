internal import CNgtcp2
public import QUICPackets

/// The application protocols offered or accepted, in order of preference: TLS ALPN identifiers. RFC 7301.
public struct ApplicationProtocols: Sendable, Hashable {
    /// The identifiers, 1 to 8 of them, each of 1 to 31 bytes of UTF-8: GnuTLS takes no more.
    public let names: [String]

    /// - Throws: When there is none, there are more than 8, or one is empty or longer than 31 bytes.
    public init(_ names: [String]) throws(QUICError) {
        guard !names.isEmpty else { throw QUICError("no application protocol was named; at least one is needed") }
        guard names.count <= 8 else {
            throw QUICError("\(names.count) application protocols were named; at most 8 are accepted")
        }
        for name in names where !(1...31).contains(name.utf8.count) {
            throw QUICError("the application protocol '\(name)' is not of 1 to 31 bytes")
        }
        self.names = names
    }

    /// Announces them on a session and makes agreement on one a condition of the handshake.
    func install(on session: gnutls_session_t) throws(QUICError) {
        var bytes: [UInt8] = names.flatMap { Array($0.utf8) }
        let status = unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            var start = bytes.baseAddress
            var list: [gnutls_datum_t] = unsafe []
            for name in names {
                unsafe list.append(gnutls_datum_t(data: start, size: UInt32(name.utf8.count)))
                unsafe start = start.map { unsafe $0 + name.utf8.count }
            }
            let flags = UInt32(GNUTLS_ALPN_MANDATORY.rawValue | GNUTLS_ALPN_SERVER_PRECEDENCE.rawValue)
            return unsafe gnutls_alpn_set_protocols(session, list, UInt32(list.count), flags)
        }
        try QUICError.checkTLS(status, "announcing application protocols")
    }
}
