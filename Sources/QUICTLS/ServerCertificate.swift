internal import CNgtcp2
import QUICPackets

/// One of a server's certificates, and the names that it is for.
///
/// GnuTLS would choose among several in one object, and does not know wildcards in their names.
///
/// Owns: GnuTLS credentials with a priority cache, and the certificate once more as GnuTLS reads it, about 5 KB. Released by:
/// `deinit`.
@safe
final class ServerCertificate {
    let credentials: TLSCredentials
    let signer: HandshakeSigner
    private let leaf: gnutls_x509_crt_t

    /// - Parameter authorities: The PEM file with those that vouch for clients; nil where clients are not asked.
    /// - Throws: When a file cannot be read, or GnuTLS refuses it.
    init(
        _ source: CertificateSource,
        authorities: String?,
        signers: Set<HandshakeSigner>
    ) throws(QUICError) {
        let credentials = try TLSCredentials()
        signer = try credentials.install(source, signers: signers)
        if let authorities { try credentials.trust(authorities) }
        var data = unsafe gnutls_datum_t()
        var leaf: gnutls_x509_crt_t?
        var status = unsafe gnutls_certificate_get_crt_raw(credentials.credentials, 0, 0, &data)
        if status >= 0 { status = unsafe gnutls_x509_crt_init(&leaf) }
        guard let leaf = unsafe leaf else { throw QUICError(tls: status, during: "reading a certificate") }
        unsafe self.leaf = leaf
        self.credentials = credentials
        try QUICError.checkTLS(
            unsafe gnutls_x509_crt_import(leaf, &data, GNUTLS_X509_FMT_DER),
            "reading the names of a certificate"
        )
    }

    deinit {
        unsafe gnutls_x509_crt_deinit(leaf)
    }

    /// Whether it is for `name`; a wildcard stands for one label. RFC 6125 §6.4.3.
    func isFor(_ name: String) -> Bool { unsafe gnutls_x509_crt_check_hostname(leaf, name) != 0 }

    /// Makes `session` show it.
    func install(on session: gnutls_session_t) -> Int32 {
        unsafe gnutls_credentials_set(
            session,
            GNUTLS_CRD_CERTIFICATE,
            UnsafeMutableRawPointer(credentials.credentials)
        )
    }
}
