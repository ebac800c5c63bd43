internal import CNgtcp2

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A certificate chain of a wanted length, made on the spot, for a server of some name or for a client. All its certificates have the same key.
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

    /// The name that the first certificate is for.
    package struct Subject: Sendable {
        /// Its name, which may be a wildcard.
        package var name: String
        /// Whether it was valid until yesterday.
        package var isExpired: Bool
        /// The purpose that it is limited to, as an object identifier; nil for any. RFC 5280 §4.2.1.12.
        package var purpose: String?

        package init(name: String = "localhost", isExpired: Bool = false, purpose: String? = nil) {
            self.name = name
            self.isExpired = isExpired
            self.purpose = purpose
        }
    }

    /// - Parameters:
    ///   - byteCount: How long it is, in bytes of DER; signatures by P-256 vary by a few.
    ///   - certificateCount: Of how many certificates; nil for as few as are needed.
    ///   - authorityName: The name of the authorities, which differs where one is not to be taken for another.
    package init(
        _ kind: Key,
        byteCount: Int,
        certificateCount: Int? = nil,
        for subject: Subject = Subject(),
        authorityName: String = "Authority"
    ) throws {
        let key = try CertificateKey.shared(kind)
        let count = certificateCount ?? max(1, (byteCount + Self.certificateBytes / 2) / Self.certificateBytes)
        var (pem, authority) = ("", "")
        var total = 0
        var issuer: Certificate?
        let make = { (index: Int, issuer: Certificate?, paddingBytes: Int) in
            try Certificate(
                index: index,
                subject: subject,
                authorityName: authorityName,
                issuer: issuer,
                paddingBytes: paddingBytes,
                key: key
            )
        }
        for index in (0..<count).reversed() {
            let wanted = (byteCount - total) / (index + 1)
            let bare = try make(index, issuer, 1).derBytes
            let made = try make(index, issuer, max(1, wanted - bare - 6))
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

    /// The certificate at `index`, 0 for that of `subject`, which `issuer` vouches for; nil for itself.
    convenience init(
        index: Int,
        subject: CertificateChain.Subject,
        authorityName: String,
        issuer: Certificate?,
        paddingBytes: Int,
        key: CertificateKey
    ) throws {
        try self.init()
        let now = time(nil)
        var serial = UInt64(index + 1).bigEndian
        try unsafe check(gnutls_x509_crt_set_version(native, 3))
        try unsafe check(gnutls_x509_crt_set_serial(native, &serial, MemoryLayout.size(ofValue: serial)))
        let isExpired = index == 0 && subject.isExpired
        try unsafe check(gnutls_x509_crt_set_activation_time(native, now - (isExpired ? 172_800 : 3_600)))
        try unsafe check(gnutls_x509_crt_set_expiration_time(native, now + (isExpired ? -86_400 : 86_400)))
        let name = index == 0 ? subject.name : "\(authorityName) \(index)"
        try unsafe check(gnutls_x509_crt_set_dn(native, "CN=\(name)", nil))
        try setExtensions(
            isSubjects: index == 0,
            subject: subject,
            isAuthority: issuer == nil || index > 0,
            paddingBytes: paddingBytes
        )
        try unsafe check(gnutls_x509_crt_set_key(native, key.native))
        try unsafe check(gnutls_x509_crt_sign2(native, issuer?.native ?? native, key.native, GNUTLS_DIG_SHA256, 0))
    }

    private func setExtensions(
        isSubjects: Bool,
        subject: CertificateChain.Subject,
        isAuthority: Bool,
        paddingBytes: Int
    ) throws {
        let signs = UInt32(GNUTLS_KEY_KEY_CERT_SIGN)
        let usage = isSubjects ? signs | UInt32(GNUTLS_KEY_DIGITAL_SIGNATURE) : signs
        let (host, padding) = (subject.name, [UInt8](repeating: 0, count: paddingBytes))
        let hostFlags = UInt32(GNUTLS_FSAN_SET)
        try unsafe check(gnutls_x509_crt_set_basic_constraints(native, isAuthority ? 1 : 0, -1))
        try unsafe check(gnutls_x509_crt_set_key_usage(native, usage))
        try unsafe check(
            gnutls_x509_crt_set_subject_alt_name(native, GNUTLS_SAN_DNSNAME, host, UInt32(host.utf8.count), hostFlags)
        )
        if isSubjects, let purpose = subject.purpose {
            try unsafe check(gnutls_x509_crt_set_key_purpose_oid(native, purpose, 0))
        }
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
