internal import CNgtcp2

/// The 16 bytes by which a peer recognises a stateless reset. RFC 9000 §10.3.
public struct StatelessResetToken: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// The token for `id` under `secret`, the same every time, so that it outlives the connection's state.
    ///
    /// RFC 9000 §10.3.2: a token can be generated from a static key and the connection ID.
    public init?(for id: ConnectionID, secret: EndpointSecret) {
        var token: (UInt64, UInt64) = (0, 0)
        let status = unsafe id.withNative { cid in
            unsafe secret.withBytes { secret in
                unsafe withUnsafeMutableBytes(of: &token) { token in
                    unsafe ngtcp2_crypto_generate_stateless_reset_token(
                        token.baseAddress,
                        secret.baseAddress,
                        secret.count,
                        cid
                    )
                }
            }
        }
        guard status == 0 else { return nil }
        (high, low) = token
    }

    /// Writes the sixteen bytes to `destination`.
    package func copy(to destination: UnsafeMutablePointer<UInt8>) {
        unsafe withUnsafeBytes(of: (high, low)) { bytes in
            for index in 0..<16 { unsafe destination[index] = bytes[index] }
        }
    }
}
