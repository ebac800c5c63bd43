internal import CNgtcp2
import QUICPackets

/// Derives the keys of packet protection from the secrets of TLS. RFC 9001 §5.1.
@safe
struct KeySchedule {
    /// The results that are derived from a secret.
    enum Label {
        case key
        case iv
        /// The key of header protection. RFC 9001 §5.4.
        case headerProtection
        /// The secret of the next key phase. RFC 9001 §6.1.
        case update
    }

    private let version: QUICVersion
    private let hash: ngtcp2_crypto_md

    /// - Parameter hash: That of the cipher suite.
    init(version: QUICVersion, hash: ngtcp2_crypto_md) {
        self.version = version
        unsafe self.hash = hash
    }

    /// The label as TLS 1.3 writes it. RFC 9001 §5.1, RFC 9369 §3.3.2.
    private func text(of label: Label) -> StaticString {
        switch label {
        case .key: version == .v2 ? "tls13 quicv2 key" : "tls13 quic key"
        case .iv: version == .v2 ? "tls13 quicv2 iv" : "tls13 quic iv"
        case .headerProtection: version == .v2 ? "tls13 quicv2 hp" : "tls13 quic hp"
        case .update: version == .v2 ? "tls13 quicv2 ku" : "tls13 quic ku"
        }
    }

    /// HKDF-Expand-Label with an empty context. RFC 8446 §7.1.
    ///
    /// - Parameter output: Is filled.
    /// - Returns: False where GnuTLS refuses.
    func expand(
        _ secret: UnsafeBufferPointer<UInt8>,
        _ label: Label,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        let text = text(of: label)
        let count = text.utf8CodeUnitCount
        // The length of the output in two bytes, the label and the context, each behind its length.
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4 + count) { info in
            unsafe info[0] = UInt8(output.count >> 8)
            unsafe info[1] = UInt8(output.count & 0xff)
            unsafe info[2] = UInt8(count)
            for index in 0..<count { unsafe info[3 + index] = text.utf8Start[index] }
            unsafe info[3 + count] = 0
            var hash = unsafe hash
            return unsafe ngtcp2_crypto_hkdf_expand(
                output.baseAddress,
                output.count,
                &hash,
                secret.baseAddress,
                secret.count,
                info.baseAddress,
                info.count
            ) == 0
        }
    }
}
