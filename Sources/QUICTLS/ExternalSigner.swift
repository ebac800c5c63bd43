#if OpenSSL
internal import CNgtcp2
internal import COpenSSL
internal import CShims
import QUICPackets

/// A P-256 key with which OpenSSL's libcrypto signs for GnuTLS.
///
/// A signature is the dearest part of a server's handshake that can be done elsewhere: GnuTLS 3.7 takes 54 µs for one, libcrypto 3.0
/// with its assembly for P-256 26 µs.
///
/// Each signature has a context of its own, so that workers can sign at once. Its memory is libcrypto's: about 3 KB while it signs, and a
/// random generator for each thread, kept until that ends (docs/memory.md). A signature that fails, for want of memory as well, ends
/// one handshake. Nothing is left in libcrypto's queue of errors, which an application may use as well.
///
/// Owns: one `EVP_PKEY`, about 2 KB. Released by: GnuTLS, with the key it belongs to.
enum ExternalSigner {
    /// The longest signature with P-256 in DER, in bytes: two numbers of 33 bytes at most. RFC 3279 §2.2.3.
    private static let signatureBytesLimit = 72
    private static let keyBits: UInt32 = 256

    /// Whether libcrypto is ready. Its cleanup at the end of the process is left out: workers may still sign then.
    private static let isReady = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1

    /// A key for GnuTLS that has libcrypto sign with `key`; nil where that is no P-256 key, or libcrypto does not sign with it.
    static func key(signingLike key: gnutls_x509_privkey_t) -> gnutls_privkey_t? {
        guard isReady, let made = unsafe importedByGnuTLS(key) else { return nil }
        // Libcrypto's configuration may forbid the algorithm, which GnuTLS would not notice before the first handshake.
        guard unsafe signsOnTrial(made) else {
            unsafe gnutls_privkey_deinit(made)
            return nil
        }
        return unsafe made
    }

    private static func signsOnTrial(_ key: gnutls_privkey_t) -> Bool {
        var text: [UInt8] = Array("trial".utf8)
        var signature = unsafe gnutls_datum_t()
        let status = unsafe text.withUnsafeMutableBufferPointer { text in
            var data = unsafe gnutls_datum_t(data: text.baseAddress, size: UInt32(text.count))
            return unsafe gnutls_privkey_sign_data2(key, GNUTLS_SIGN_ECDSA_SHA256, 0, &data, &signature)
        }
        unsafe qh_gnutls_free(signature.data)
        return status == 0
    }

    private static func importedByGnuTLS(_ key: gnutls_x509_privkey_t) -> gnutls_privkey_t? {
        guard let native = unsafe importedKey(key) else { return nil }
        var made: gnutls_privkey_t?
        guard unsafe gnutls_privkey_init(&made) == 0, let made = unsafe made else {
            unsafe EVP_PKEY_free(native)
            return nil
        }
        let status = unsafe gnutls_privkey_import_ext4(
            made,
            UnsafeMutableRawPointer(native),
            nil,
            sign,
            nil,
            release,
            describe,
            0
        )
        guard status == 0 else {
            unsafe gnutls_privkey_deinit(made)
            unsafe EVP_PKEY_free(native)
            return nil
        }
        return unsafe made
    }

    /// The same key as libcrypto has it; nil where it is no P-256 key.
    private static func importedKey(_ key: gnutls_x509_privkey_t) -> OpaquePointer? {
        var bits: UInt32 = 0
        guard unsafe gnutls_x509_privkey_get_pk_algorithm2(key, &bits) == GNUTLS_PK_ECDSA.rawValue, bits == keyBits
        else { return nil }
        var der = unsafe gnutls_datum_t()
        guard unsafe gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_DER, &der) == 0 else { return nil }
        defer {
            unsafe gnutls_memset(der.data, 0, Int(der.size))
            unsafe qh_gnutls_free(der.data)
        }
        var position: UnsafePointer<UInt8>? = unsafe UnsafePointer(der.data)
        ERR_set_mark()
        defer { ERR_pop_to_mark() }
        return unsafe d2i_AutoPrivateKey(nil, &position, Int(der.size))
    }

    /// Signs a hash.
    private static let sign: gnutls_privkey_sign_hash_func = { _, _, userData, _, hash, signature in
        ERR_set_mark()
        defer { ERR_pop_to_mark() }
        guard let hash = unsafe hash, let signature = unsafe signature,
            let context = unsafe EVP_PKEY_CTX_new(OpaquePointer(userData), nil)
        else { return GNUTLS_E_PK_SIGN_FAILED }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        // GnuTLS frees it, and has these functions as its allocator.
        guard let space = unsafe qh_tls_malloc(signatureBytesLimit) else { return GNUTLS_E_MEMORY_ERROR }
        let bytes = unsafe space.assumingMemoryBound(to: UInt8.self)
        var count = signatureBytesLimit
        guard unsafe EVP_PKEY_sign_init(context) > 0,
            unsafe EVP_PKEY_sign(context, bytes, &count, hash.pointee.data, Int(hash.pointee.size)) > 0
        else {
            unsafe qh_tls_free(space)
            return GNUTLS_E_PK_SIGN_FAILED
        }
        unsafe signature.pointee = gnutls_datum_t(data: bytes, size: UInt32(count))
        return 0
    }

    /// Tells GnuTLS about the key.
    private static let describe: gnutls_privkey_info_func = { _, flags, _ in
        let flags = Int32(bitPattern: flags)
        if flags & GNUTLS_PRIVKEY_INFO_PK_ALGO != 0 { return Int32(bitPattern: GNUTLS_PK_ECDSA.rawValue) }
        if flags & qh_gnutls_key_bits_question() != 0 { return Int32(keyBits) }
        if flags & qh_gnutls_signature_question() != 0 {
            let asked = qh_gnutls_signature_asked(UInt32(bitPattern: flags))
            return asked == GNUTLS_SIGN_ECDSA_SHA256 || asked == GNUTLS_SIGN_ECDSA_SECP256R1_SHA256 ? 1 : 0
        }
        return -1
    }

    private static let release: gnutls_privkey_deinit_func = { _, userData in
        unsafe EVP_PKEY_free(OpaquePointer(userData))
    }
}
#endif
