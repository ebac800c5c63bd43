import CNgtcp2

/// The keys of one direction at one encryption level, by which a test writes and reads packets by hand. RFC 9001 §5.
///
/// Only for AES-128-GCM with SHA-256, which is what both sides prefer.
struct PacketKeys {
    let key: [UInt8]
    let iv: [UInt8]
    let headerProtection: [UInt8]

    /// The salt of version 1. RFC 9001 §5.2.
    private static let initialSalt: [UInt8] = [
        0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb,
        0x7f,
        0x0a,
    ]

    init(secret: [UInt8]) {
        key = Self.expand(secret, "quic key", 16)
        iv = Self.expand(secret, "quic iv", 12)
        headerProtection = Self.expand(secret, "quic hp", 16)
    }

    /// A client's Initial keys for the connection ID it first writes to.
    static func clientInitial(destination: [UInt8]) -> PacketKeys {
        PacketKeys(secret: expand(extract(destination), "client in", 32))
    }

    /// Encrypts `payload`, and gives the header, whose packet number takes its last four bytes, its protection.
    func protect(header: [UInt8], number: UInt32, payload: [UInt8]) -> [UInt8] {
        var sealed = [UInt8](repeating: 0, count: payload.count + 16)
        var sealedCount = sealed.count
        let nonce = nonce(of: number)
        _ = unsafe withCipher { cipher in
            unsafe gnutls_aead_cipher_encrypt(
                cipher,
                nonce,
                nonce.count,
                header,
                header.count,
                16,
                payload,
                payload.count,
                &sealed,
                &sealedCount
            )
        }
        let mask = mask(for: Array(sealed[..<16]))
        var protected = header
        protected[0] ^= mask[0] & (header[0] & 0x80 != 0 ? 0x0f : 0x1f)
        for index in 0..<4 { protected[header.count - 4 + index] ^= mask[1 + index] }
        return protected + sealed
    }

    /// The payload of a protected packet whose packet number begins at `numberOffset`; nil when it is not under these keys.
    func open(_ packet: [UInt8], numberOffset: Int) -> (number: UInt32, payload: [UInt8])? {
        guard packet.count >= numberOffset + 4 + 16 else { return nil }
        let mask = mask(for: Array(packet[(numberOffset + 4)..<(numberOffset + 20)]))
        var header = packet
        header[0] ^= mask[0] & (packet[0] & 0x80 != 0 ? 0x0f : 0x1f)
        let numberLength = Int(header[0] & 3) + 1
        var number: UInt32 = 0
        for index in 0..<numberLength {
            header[numberOffset + index] ^= mask[1 + index]
            number = number << 8 | UInt32(header[numberOffset + index])
        }
        header = Array(header[..<(numberOffset + numberLength)])
        let sealed = Array(packet[header.count...])
        var payload = [UInt8](repeating: 0, count: sealed.count)
        var payloadCount = payload.count
        let nonce = nonce(of: number)
        let status = unsafe withCipher { cipher in
            unsafe gnutls_aead_cipher_decrypt(
                cipher,
                nonce,
                nonce.count,
                header,
                header.count,
                16,
                sealed,
                sealed.count,
                &payload,
                &payloadCount
            )
        }
        return status == 0 ? (number, Array(payload[..<payloadCount])) : nil
    }

    private func nonce(of number: UInt32) -> [UInt8] {
        var nonce = iv
        for index in 0..<4 { nonce[8 + index] ^= UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * index)) }
        return nonce
    }

    private func withCipher<Result>(_ body: (gnutls_aead_cipher_hd_t?) -> Result) -> Result {
        var cipher: gnutls_aead_cipher_hd_t?
        _ = unsafe Self.withDatum(key) { unsafe gnutls_aead_cipher_init(&cipher, GNUTLS_CIPHER_AES_128_GCM, $0) }
        defer { unsafe gnutls_aead_cipher_deinit(cipher) }
        return unsafe body(cipher)
    }

    /// AES-ECB of one block, which is AES-CBC with an initialization vector of zeros. RFC 9001 §5.4.3.
    private func mask(for sample: [UInt8]) -> [UInt8] {
        var cipher: gnutls_cipher_hd_t?
        let zeros = [UInt8](repeating: 0, count: 16)
        _ = unsafe Self.withDatum(headerProtection) { key in
            unsafe Self.withDatum(zeros) { unsafe gnutls_cipher_init(&cipher, GNUTLS_CIPHER_AES_128_CBC, key, $0) }
        }
        defer { unsafe gnutls_cipher_deinit(cipher) }
        var mask = [UInt8](repeating: 0, count: 16)
        _ = unsafe gnutls_cipher_encrypt2(cipher, sample, 16, &mask, 16)
        return mask
    }

    private static func extract(_ destination: [UInt8]) -> [UInt8] {
        var secret = [UInt8](repeating: 0, count: 32)
        _ = unsafe withDatum(destination) { destination in
            unsafe withDatum(initialSalt) { unsafe gnutls_hkdf_extract(GNUTLS_MAC_SHA256, destination, $0, &secret) }
        }
        return secret
    }

    /// HKDF-Expand-Label of TLS 1.3. RFC 8446 §7.1.
    private static func expand(_ secret: [UInt8], _ label: String, _ count: Int) -> [UInt8] {
        let label = Array("tls13 \(label)".utf8)
        let info: [UInt8] = [UInt8(count >> 8), UInt8(count & 0xff), UInt8(label.count)] + label + [0]
        var output = [UInt8](repeating: 0, count: count)
        _ = unsafe withDatum(secret) { secret in
            unsafe withDatum(info) { unsafe gnutls_hkdf_expand(GNUTLS_MAC_SHA256, secret, $0, &output, count) }
        }
        return output
    }

    private static func withDatum<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<gnutls_datum_t>) -> Result) -> Result
    {
        var copy = bytes
        let count = copy.count
        return unsafe copy.withUnsafeMutableBufferPointer { buffer in
            var datum = unsafe gnutls_datum_t(data: buffer.baseAddress, size: UInt32(count))
            return unsafe body(&datum)
        }
    }
}

/// `value` as a variable-length integer. RFC 9000 §16.
func varint(_ value: UInt64) -> [UInt8] {
    let (count, prefix): (Int, UInt8) =
        switch value {
        case ..<0x40: (1, 0)
        case ..<0x4000: (2, 0x40)
        case ..<0x4000_0000: (4, 0x80)
        default: (8, 0xc0)
        }
    var bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - $0))) }
    bytes[0] |= prefix
    return bytes
}
