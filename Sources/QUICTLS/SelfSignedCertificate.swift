internal import CNgtcp2
import QUICPackets

/// A P-256 certificate for `localhost` made on the spot, for tests and demonstrations.
///
/// Owns: one `gnutls_x509_crt_t` and one `gnutls_x509_privkey_t`, about 5 KB. Released by: `deinit`.
@safe
struct SelfSignedCertificate: ~Copyable {
    private let certificate: gnutls_x509_crt_t
    private let key: gnutls_x509_privkey_t

    private init() throws(QUICError) {
        var certificate: gnutls_x509_crt_t?
        var key: gnutls_x509_privkey_t?
        unsafe gnutls_x509_crt_init(&certificate)
        unsafe gnutls_x509_privkey_init(&key)
        guard let certificate = unsafe certificate, let key = unsafe key else {
            unsafe gnutls_x509_crt_deinit(certificate)
            unsafe gnutls_x509_privkey_deinit(key)
            throw QUICError(tls: GNUTLS_E_MEMORY_ERROR, during: "allocating a certificate")
        }
        unsafe self.certificate = certificate
        unsafe self.key = key
    }

    deinit {
        unsafe gnutls_x509_crt_deinit(certificate)
        unsafe gnutls_x509_privkey_deinit(key)
    }

    /// A new key and a certificate for it.
    ///
    /// - Parameter lifetime: How long it is valid from now on.
    static func make(lifetime: Duration = .seconds(30 * 86_400)) throws(QUICError) -> SelfSignedCertificate {
        let made = try SelfSignedCertificate()
        try unsafe generate(made.key)
        try unsafe fill(made.certificate, lifetime: lifetime)
        try unsafe sign(made.certificate, with: made.key)
        return made
    }

    /// Copies both into `credentials`.
    func install(in credentials: gnutls_certificate_credentials_t) throws(QUICError) {
        var certificate: gnutls_x509_crt_t? = unsafe certificate
        try QUICError.checkTLS(
            unsafe gnutls_certificate_set_x509_key(credentials, &certificate, 1, key),
            "installing the self-signed certificate"
        )
    }

    private static func generate(_ key: gnutls_x509_privkey_t) throws(QUICError) {
        // GNUTLS_CURVE_TO_BITS, a macro that Swift does not import.
        let curve: UInt32 = 1 << 31 | UInt32(GNUTLS_ECC_CURVE_SECP256R1.rawValue)
        try QUICError.checkTLS(
            unsafe gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, curve, 0),
            "generating a P-256 key"
        )
    }

    private static func fill(_ certificate: gnutls_x509_crt_t, lifetime: Duration) throws(QUICError) {
        let now = time(nil)
        let name = "localhost"
        var serial = UInt64.random(in: 1...(.max >> 1)).bigEndian
        var status = unsafe gnutls_x509_crt_set_version(certificate, 3)
        let steps: [() -> Int32] = [
            { unsafe gnutls_x509_crt_set_serial(certificate, &serial, MemoryLayout.size(ofValue: serial)) },
            // An hour of grace for a client whose clock is behind.
            { unsafe gnutls_x509_crt_set_activation_time(certificate, now - 3_600) },
            { unsafe gnutls_x509_crt_set_expiration_time(certificate, now + Int(lifetime.components.seconds)) },
            { unsafe gnutls_x509_crt_set_dn(certificate, "CN=\(name)", nil) },
            {
                unsafe gnutls_x509_crt_set_subject_alt_name(
                    certificate,
                    GNUTLS_SAN_DNSNAME,
                    name,
                    UInt32(name.utf8.count),
                    UInt32(GNUTLS_FSAN_SET)
                )
            },
            { unsafe gnutls_x509_crt_set_key_usage(certificate, UInt32(GNUTLS_KEY_DIGITAL_SIGNATURE)) },
        ]
        for step in steps where status >= 0 { status = step() }
        try QUICError.checkTLS(status, "filling in the self-signed certificate")
    }

    private static func sign(_ certificate: gnutls_x509_crt_t, with key: gnutls_x509_privkey_t) throws(QUICError) {
        try QUICError.checkTLS(unsafe gnutls_x509_crt_set_key(certificate, key), "setting the certificate's key")
        try QUICError.checkTLS(
            unsafe gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0),
            "signing the certificate"
        )
    }
}
