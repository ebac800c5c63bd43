internal import CNgtcp2
import QUICPackets

/// The certificate and the algorithm preferences that all sessions of an endpoint share.
///
/// Sharing the preferences saves 8.3 KB and 37 µs a connection over setting them on each session.
///
/// Owns: GnuTLS credentials and a priority cache. Released by: `deinit`.
@safe
struct TLSCredentials: ~Copyable {
    let credentials: gnutls_certificate_credentials_t
    let priority: gnutls_priority_t

    /// TLS 1.3 only, with the cipher suites QUIC defines (RFC 9001 §5.3) and without the compatibility mode that
    /// RFC 9001 §8.4 forbids.
    static func preferences(ciphers: [String] = ["AES-128-GCM", "AES-256-GCM", "CHACHA20-POLY1305"]) -> String {
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL" + ciphers.map { ":+\($0)" }.joined()
            + ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%DISABLE_TLS13_COMPAT_MODE"
    }

    init() throws(QUICError) {
        precondition(TLSMemory.isCounted)
        var priority: gnutls_priority_t?
        try QUICError.checkTLS(
            unsafe gnutls_priority_init(&priority, Self.preferences(), nil),
            "setting TLS preferences"
        )
        var credentials: gnutls_certificate_credentials_t?
        let status = unsafe gnutls_certificate_allocate_credentials(&credentials)
        guard let priority = unsafe priority, let credentials = unsafe credentials else {
            unsafe gnutls_priority_deinit(priority)
            throw QUICError(tls: status, during: "allocating TLS credentials")
        }
        unsafe self.priority = priority
        unsafe self.credentials = credentials
    }

    deinit {
        unsafe gnutls_certificate_free_credentials(credentials)
        unsafe gnutls_priority_deinit(priority)
    }

    /// Believes peers for which an authority in the PEM file `path` vouches.
    borrowing func trust(_ path: String) throws(QUICError) {
        let count = unsafe gnutls_certificate_set_x509_trust_file(credentials, path, GNUTLS_X509_FMT_PEM)
        try QUICError.checkTLS(count, "reading the authorities in \(path)")
        guard count > 0 else { throw QUICError("\(path) holds no certificate") }
    }

    /// Believes servers for which an authority vouches that the system trusts.
    borrowing func trustSystem() throws(QUICError) {
        let count = unsafe gnutls_certificate_set_x509_system_trust(credentials)
        try QUICError.checkTLS(count, "reading the authorities that the system trusts")
        guard count > 0 else {
            throw QUICError("the system trusts no authority: is the package ca-certificates installed?")
        }
    }

    /// The bytes of all certificates of the chain, in DER.
    var certificateChainBytes: Int { certificateBytes.reduce(0, +) }

    /// The bytes of the message with the chain, with nothing but certificates in it. RFC 8446 §4.4.2.
    var certificateMessageBytes: Int {
        // A header, a context that is empty, the length of the list; a length and no extensions with each certificate.
        4 + 1 + 3 + certificateBytes.reduce(0) { $0 + 3 + $1 + 2 }
    }

    private var certificateBytes: [Int] {
        var certificate = unsafe gnutls_datum_t()
        var bytes: [Int] = []
        while unsafe gnutls_certificate_get_crt_raw(credentials, 0, UInt32(bytes.count), &certificate) == 0 {
            unsafe bytes.append(Int(certificate.size))
        }
        return bytes
    }

    /// Shows `source`, and signs with its key.
    ///
    /// - Parameter allowed: Those that may sign. ``HandshakeSigner/libcrypto`` does where it is allowed and can.
    /// - Returns: The one that signs.
    borrowing func install(
        _ source: CertificateSource,
        signers allowed: Set<HandshakeSigner>
    ) throws(QUICError) -> HandshakeSigner {
        try read(source)
        #if OpenSSL
        if allowed.contains(.libcrypto), try handKeyToLibcrypto() { return .libcrypto }
        #endif
        return .gnutls
    }

    private borrowing func read(_ source: CertificateSource) throws(QUICError) {
        switch source {
        case .selfSigned:
            try unsafe SelfSignedCertificate.make().install(in: credentials)
        case .files(let certificate, let privateKey):
            try QUICError.checkTLS(
                unsafe gnutls_certificate_set_x509_key_file(
                    credentials,
                    certificate,
                    privateKey,
                    GNUTLS_X509_FMT_PEM
                ),
                "reading the certificate \(certificate) with the private key \(privateKey)"
            )
        }
    }

    #if OpenSSL
    /// Has libcrypto sign with the key that is installed; false where it does not.
    private borrowing func handKeyToLibcrypto() throws(QUICError) -> Bool {
        var key: gnutls_x509_privkey_t?
        guard unsafe gnutls_certificate_get_x509_key(credentials, 0, &key) == 0, let key = unsafe key else {
            return false
        }
        defer { unsafe gnutls_x509_privkey_deinit(key) }
        guard let external = unsafe ExternalSigner.key(signingLike: key) else { return false }
        do throws(QUICError) {
            try unsafe replaceKey(with: external)
            return true
        } catch {
            unsafe gnutls_privkey_deinit(external)
            throw error
        }
    }

    /// Signs with `key` for the chain that is installed. It belongs to GnuTLS unless this throws.
    private borrowing func replaceKey(with key: gnutls_privkey_t) throws(QUICError) {
        let action = "installing a certificate whose key signs elsewhere"
        let count = certificateBytes.count
        let credentials = unsafe credentials
        let status = unsafe withUnsafeTemporaryAllocation(of: gnutls_pcert_st.self, capacity: count) { list -> Int32 in
            var certificate = unsafe gnutls_datum_t()
            var imported = 0
            var status = GNUTLS_E_SUCCESS
            while imported < count, status >= 0 {
                status = unsafe gnutls_certificate_get_crt_raw(credentials, 0, UInt32(imported), &certificate)
                guard status >= 0, let place = list.baseAddress else { break }
                status = unsafe gnutls_pcert_import_x509_raw(place + imported, &certificate, GNUTLS_X509_FMT_DER, 0)
                if status >= 0 { imported += 1 }
            }
            if status >= 0 {
                // The chain with GnuTLS's own key, of which the list has copies.
                unsafe gnutls_certificate_free_keys(credentials)
                status = unsafe gnutls_certificate_set_key(
                    credentials,
                    nil,
                    0,
                    list.baseAddress,
                    Int32(count),
                    key
                )
            }
            // They belong to the credentials where those have the key.
            guard status < 0 else { return status }
            for index in 0..<imported { unsafe gnutls_pcert_deinit(&list[index]) }
            return status
        }
        try QUICError.checkTLS(status, action)
    }
    #endif
}

/// The library that signs one side's part of handshakes.
package enum HandshakeSigner: CaseIterable, Sendable {
    /// GnuTLS, which can with every key.
    case gnutls
    /// OpenSSL's libcrypto, with keys of P-256, where the package trait `OpenSSL` is on.
    case libcrypto
}
