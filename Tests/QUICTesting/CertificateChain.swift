internal import CNgtcp2

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A certificate chain for `localhost` of a wanted length, made on the spot. All its certificates have the same key.
///
/// Each vouches for the one before it; what is missing to its length is an extension that nobody reads.
package struct CertificateChain: Sendable {
    /// The kind of the key.
    package enum Key: String, Sendable, CaseIterable {
        case p256
        case rsa4096
    }

    /// The certificates in PEM, the server's first.
    package let certificates: String
    /// The last of them, which vouches for itself.
    package let authority: String
    /// Their key in PEM.
    package let privateKey: String
    /// The bytes of all certificates, in DER.
    package let byteCount: Int

    /// The largest certificate of a chain, about.
    private static let certificateBytes = 4_096

    /// - Parameter byteCount: How long it is, in bytes of DER; signatures by P-256 vary by a few.
    package init(_ kind: Key, byteCount: Int) throws {
        let key = try CertificateKey.shared(kind)
        let count = max(1, (byteCount + Self.certificateBytes / 2) / Self.certificateBytes)
        var (pem, authority) = ("", "")
        var total = 0
        var issuer: Certificate?
        for index in (0..<count).reversed() {
            let wanted = (byteCount - total) / (index + 1)
            let bare = try Certificate(index: index, issuer: issuer, paddingBytes: 1, key: key).derBytes
            let made = try Certificate(index: index, issuer: issuer, paddingBytes: max(1, wanted - bare - 6), key: key)
            let text = try made.pem
            if issuer == nil { authority = text }
            pem = text + pem
            total += try made.derBytes
            issuer = made
        }
        certificates = pem
        self.authority = authority
        privateKey = key.pem
        self.byteCount = total
    }
}

/// A private key, which takes seconds to make for RSA, so that there is one for all tests.
///
/// Owns: a `gnutls_x509_privkey_t`. Released by: the end of the process.
@safe
private final class CertificateKey: @unchecked Sendable {
    let native: gnutls_x509_privkey_t
    let pem: String

    private static let p256 = Result { try CertificateKey(GNUTLS_PK_ECDSA, bits: p256Bits) }
    private static let rsa4096 = Result { try CertificateKey(GNUTLS_PK_RSA, bits: 4_096) }
    /// GNUTLS_CURVE_TO_BITS, a macro that Swift does not import.
    private static let p256Bits: UInt32 = 1 << 31 | UInt32(GNUTLS_ECC_CURVE_SECP256R1.rawValue)

    static func shared(_ kind: CertificateChain.Key) throws -> CertificateKey {
        switch kind {
        case .p256: try p256.get()
        case .rsa4096: try rsa4096.get()
        }
    }

    private init(_ algorithm: gnutls_pk_algorithm_t, bits: UInt32) throws {
        var key: gnutls_x509_privkey_t?
        try unsafe check(gnutls_x509_privkey_init(&key))
        guard let key = unsafe key else { throw CertificateError(code: GNUTLS_E_MEMORY_ERROR) }
        unsafe native = key
        try unsafe check(gnutls_x509_privkey_generate(key, algorithm, bits, 0))
        var text = unsafe gnutls_datum_t()
        try unsafe check(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text))
        pem = unsafe takeString(text)
    }
}

/// One certificate of the chain.
///
/// Owns: a `gnutls_x509_crt_t`. Released by: `deinit`.
@safe
private final class Certificate {
    private let native: gnutls_x509_crt_t

    private init() throws {
        var certificate: gnutls_x509_crt_t?
        try unsafe check(gnutls_x509_crt_init(&certificate))
        guard let certificate = unsafe certificate else { throw CertificateError(code: GNUTLS_E_MEMORY_ERROR) }
        unsafe native = certificate
    }

    deinit {
        unsafe gnutls_x509_crt_deinit(native)
    }

    /// The certificate at `index`, 0 for the server's, which `issuer` vouches for; nil for itself.
    convenience init(index: Int, issuer: Certificate?, paddingBytes: Int, key: CertificateKey) throws {
        try self.init()
        let now = time(nil)
        var serial = UInt64(index + 1).bigEndian
        try unsafe check(gnutls_x509_crt_set_version(native, 3))
        try unsafe check(gnutls_x509_crt_set_serial(native, &serial, MemoryLayout.size(ofValue: serial)))
        try unsafe check(gnutls_x509_crt_set_activation_time(native, now - 3_600))
        try unsafe check(gnutls_x509_crt_set_expiration_time(native, now + 86_400))
        try unsafe check(gnutls_x509_crt_set_dn(native, index == 0 ? "CN=localhost" : "CN=Authority \(index)", nil))
        try setExtensions(isServers: index == 0, isAuthority: issuer == nil || index > 0, paddingBytes: paddingBytes)
        try unsafe check(gnutls_x509_crt_set_key(native, key.native))
        try unsafe check(gnutls_x509_crt_sign2(native, issuer?.native ?? native, key.native, GNUTLS_DIG_SHA256, 0))
    }

    private func setExtensions(isServers: Bool, isAuthority: Bool, paddingBytes: Int) throws {
        let signs = UInt32(GNUTLS_KEY_KEY_CERT_SIGN)
        let usage = isServers ? signs | UInt32(GNUTLS_KEY_DIGITAL_SIGNATURE) : signs
        let (host, padding) = ("localhost", [UInt8](repeating: 0, count: paddingBytes))
        let hostFlags = UInt32(GNUTLS_FSAN_SET)
        try unsafe check(gnutls_x509_crt_set_basic_constraints(native, isAuthority ? 1 : 0, -1))
        try unsafe check(gnutls_x509_crt_set_key_usage(native, usage))
        try unsafe check(
            gnutls_x509_crt_set_subject_alt_name(native, GNUTLS_SAN_DNSNAME, host, UInt32(host.utf8.count), hostFlags)
        )
        try unsafe check(gnutls_x509_crt_set_extension_by_oid(native, Self.paddingOID, padding, padding.count, 0))
    }

    /// An arc for documentation. RFC 5612.
    private static let paddingOID = "1.3.6.1.4.1.32473.1"

    var derBytes: Int {
        get throws { try exported(GNUTLS_X509_FMT_DER).utf8Count }
    }

    var pem: String {
        get throws { try exported(GNUTLS_X509_FMT_PEM).text }
    }

    private func exported(_ format: gnutls_x509_crt_fmt_t) throws -> (text: String, utf8Count: Int) {
        var datum = unsafe gnutls_datum_t()
        try unsafe check(gnutls_x509_crt_export2(native, format, &datum))
        let count = unsafe Int(datum.size)
        return unsafe (takeString(datum), count)
    }
}

/// GnuTLS refused to make a certificate.
private struct CertificateError: Error {
    let code: Int32
}

private func check(_ code: Int32) throws {
    guard code >= 0 else { throw CertificateError(code: code) }
}

private func takeString(_ datum: gnutls_datum_t) -> String {
    defer { unsafe qh_gnutls_free(datum.data) }
    return unsafe String(decoding: UnsafeBufferPointer(start: datum.data, count: Int(datum.size)), as: UTF8.self)
}
