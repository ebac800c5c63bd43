internal import CNgtcp2

/// HMAC-based key derivation with SHA-256, as TLS 1.3 labels it. RFC 5869, RFC 8446 §7.1.
enum HKDF {
    static func extract(salt: [UInt8], key: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 32)
        let status = unsafe withDatum(key) { key in
            unsafe withDatum(salt) { salt in
                unsafe gnutls_hkdf_extract(GNUTLS_MAC_SHA256, key, salt, &output)
            }
        }
        precondition(status == 0)
        return output
    }

    static func expand(_ secret: [UInt8], label: String, count: Int) -> [UInt8] {
        let name = Array("tls13 \(label)".utf8)
        let info = [UInt8(count >> 8), UInt8(count & 0xff), UInt8(name.count)] + name + [0]
        var output = [UInt8](repeating: 0, count: count)
        let status = unsafe withDatum(secret) { secret in
            unsafe withDatum(info) { info in
                unsafe gnutls_hkdf_expand(GNUTLS_MAC_SHA256, secret, info, &output, count)
            }
        }
        precondition(status == 0)
        return output
    }
}

/// AES-128-GCM, the cipher of Initial packets and what both sides prefer afterwards. RFC 9001 §5.2, §5.3.
enum AES128 {
    static let tagBytes = 16

    static func seal(_ plain: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]) -> [UInt8] {
        var sealed = [UInt8](repeating: 0, count: plain.count + tagBytes)
        var sealedBytes = sealed.count
        let status = unsafe withCipher(key) { cipher in
            unsafe gnutls_aead_cipher_encrypt(
                cipher,
                nonce,
                nonce.count,
                associated,
                associated.count,
                tagBytes,
                plain,
                plain.count,
                &sealed,
                &sealedBytes
            )
        }
        precondition(status == 0 && sealedBytes == sealed.count)
        return sealed
    }

    /// Nil when it was not sealed with this key.
    static func open(_ sealed: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]) -> [UInt8]? {
        var plain = [UInt8](repeating: 0, count: sealed.count)
        var plainBytes = plain.count
        let status = unsafe withCipher(key) { cipher in
            unsafe gnutls_aead_cipher_decrypt(
                cipher,
                nonce,
                nonce.count,
                associated,
                associated.count,
                tagBytes,
                sealed,
                sealed.count,
                &plain,
                &plainBytes
            )
        }
        return status == 0 ? Array(plain[..<plainBytes]) : nil
    }

    /// One block: cipher block chaining from a zero vector is the bare cipher.
    static func encrypt(_ block: [UInt8], key: [UInt8]) -> [UInt8] {
        var cipher: gnutls_cipher_hd_t?
        unsafe withDatum(key) { key in
            unsafe withDatum([UInt8](repeating: 0, count: 16)) { vector in
                unsafe _ = gnutls_cipher_init(&cipher, GNUTLS_CIPHER_AES_128_CBC, key, vector)
            }
        }
        var output = [UInt8](repeating: 0, count: block.count)
        let status = unsafe gnutls_cipher_encrypt2(cipher, block, block.count, &output, output.count)
        unsafe gnutls_cipher_deinit(cipher)
        precondition(status == 0)
        return output
    }

    private static func withCipher(_ key: [UInt8], _ body: (gnutls_aead_cipher_hd_t?) -> Int32) -> Int32 {
        var cipher: gnutls_aead_cipher_hd_t?
        unsafe withDatum(key) { unsafe _ = gnutls_aead_cipher_init(&cipher, GNUTLS_CIPHER_AES_128_GCM, $0) }
        defer { unsafe gnutls_aead_cipher_deinit(cipher) }
        return unsafe body(cipher)
    }
}

/// Calls `body` with `bytes` in the form GnuTLS takes them.
private func withDatum<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<gnutls_datum_t>) -> Result) -> Result {
    var copy = bytes
    return unsafe copy.withUnsafeMutableBufferPointer { buffer in
        var datum = unsafe gnutls_datum_t(data: buffer.baseAddress, size: UInt32(buffer.count))
        return unsafe body(&datum)
    }
}
