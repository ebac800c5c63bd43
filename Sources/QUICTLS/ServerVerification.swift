internal import CNgtcp2
public import QUICPackets

/// How a client decides whether it talks to the server it wants.
public enum ServerVerification: Sendable, Hashable {
    /// An authority that the system trusts has to vouch for a certificate of the server's name, which must not be limited to other
    /// purposes than servers. About 1.5 MB of certificates, which all connections of a client share.
    case systemAuthorities
    /// The same with an authority in this PEM file.
    case authorities(file: String)
    /// The server's certificate has to have one of these keys. Neither its name nor its dates nor its purpose matter. At least one, 32 bytes each.
    case keys([PublicKeyHash])
    /// Any server will do: whoever is on the path can read and change everything. For tests.
    case none
}

/// The SHA-256 of a public key with its algorithm, a certificate's SubjectPublicKeyInfo. RFC 7469 §2.4.
public struct PublicKeyHash: Sendable, Hashable {
    /// Its 32 bytes.
    public let bytes: [UInt8]

    /// - Parameter bytes: 32 of them; nil for any other number.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// The hash of the key of the first certificate in a PEM file.
    ///
    /// - Throws: When the file cannot be read, or holds no certificate.
    public init(ofCertificate path: String) throws(QUICError) {
        var file = unsafe gnutls_datum_t()
        try QUICError.checkTLS(unsafe gnutls_load_file(path, &file), "reading the certificate \(path)")
        defer { unsafe qh_gnutls_free(file.data) }
        self = try unsafe Self.hash(of: file, format: GNUTLS_X509_FMT_PEM, from: path)
    }

    /// The hash of the key of the certificate that the peer of `session` has shown; nil where it has shown none.
    static func ofPeer(of session: gnutls_session_t) -> PublicKeyHash? {
        guard let certificate = unsafe TLSSession.peerCertificate(of: session) else { return nil }
        return try? unsafe hash(of: certificate, format: GNUTLS_X509_FMT_DER, from: "the peer")
    }

    private static func hash(
        of data: gnutls_datum_t,
        format: gnutls_x509_crt_fmt_t,
        from source: String
    ) throws(QUICError) -> PublicKeyHash {
        var certificate: gnutls_x509_crt_t?
        try QUICError.checkTLS(unsafe gnutls_x509_crt_init(&certificate), "allocating a certificate")
        guard let certificate = unsafe certificate else { throw QUICError("there is no memory for a certificate") }
        defer { unsafe gnutls_x509_crt_deinit(certificate) }
        var data = unsafe data
        try QUICError.checkTLS(
            unsafe gnutls_x509_crt_import(certificate, &data, format),
            "reading the certificate of \(source)"
        )
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var count = bytes.count
        let flags = UInt32(GNUTLS_KEYID_USE_SHA256.rawValue)
        try QUICError.checkTLS(
            unsafe gnutls_x509_crt_get_key_id(certificate, flags, &bytes, &count),
            "hashing the key of \(source)"
        )
        guard let hash = PublicKeyHash(bytes: bytes) else { throw QUICError("the key of \(source) has no hash") }
        return hash
    }

    private static let byteCount = 32
}

extension TLSClientContext {
    /// Compares the key of the server of a session with those that its context accepts. Not 0 ends the handshake with an alert.
    static let verifyKey: @convention(c) (gnutls_session_t?) -> Int32 = { session in
        guard let session = unsafe session, let context = unsafe TLSClientContext.of(session),
            case .keys(let accepted) = context.verification
        else { return -1 }
        if let key = unsafe PublicKeyHash.ofPeer(of: session), accepted.contains(key) { return 0 }
        unsafe TLSSession.noteRefusedCertificate(of: session, alert: UInt8(GNUTLS_A_BAD_CERTIFICATE.rawValue))
        return -1
    }
}
