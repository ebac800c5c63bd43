internal import CNgtcp2

/// The header of a client's first packet: what an endpoint decides on before it keeps anything.
@safe
public struct InitialPacket {
    /// The version the client speaks.
    public let version: UInt32
    /// The connection ID the client made up for us, at least 8 bytes. RFC 9000 §7.2.
    public let destination: ConnectionID
    /// The client's own connection ID.
    public let source: ConnectionID
    /// The token it brought: from a Retry, from an earlier connection, or empty. RFC 9000 §8.1.
    public let token: [UInt8]

    /// Reads the header of a datagram that could open a connection; nil when it cannot.
    ///
    /// RFC 9000 §14.1: a server MUST discard an Initial packet that is carried in a UDP datagram with a payload that is
    /// smaller than the smallest allowed maximum datagram size of 1200 bytes.
    public init?(_ datagram: RawSpan) {
        var header = unsafe ngtcp2_pkt_hd()
        let status = unsafe datagram.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return NGTCP2_ERR_INVALID_ARGUMENT }
            return unsafe ngtcp2_accept(&header, base.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
        guard status == 0, unsafe header.type == UInt8(NGTCP2_PKT_INITIAL.rawValue) else { return nil }
        unsafe version = header.version
        unsafe destination = ConnectionID(header.dcid)
        unsafe source = ConnectionID(header.scid)
        unsafe token = Array(UnsafeBufferPointer(start: header.token, count: header.tokenlen))
        // ngtcp2 lets any length pass beside a token, for servers whose Retry gives shorter ones. Ours have 12 bytes.
        guard destination.count >= Self.destinationBytesMinimum else { return nil }
    }

    /// RFC 9000 §7.2: the value MUST be at least 8 bytes in length.
    private static let destinationBytesMinimum = 8

    /// Whether the token has the form of those written for a Retry: its first byte, its length, and sent to a connection ID as
    /// long as those a Retry gives. Nothing else may be called invalid: another server's token begins with any byte.
    ///
    /// RFC 9000 §8.1.3: if the token is invalid, then the server SHOULD proceed as if the client did not have a validated
    /// address.
    var hasRetryToken: Bool {
        token.first == UInt8(NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2) && token.count == Int(qh_retry_token_bytes)
            && destination.count == ConnectionID.issuedBytes
    }
    /// Whether the token was written for a later connection, by its first byte.
    var hasRegularToken: Bool { token.first == UInt8(NGTCP2_CRYPTO_TOKEN_MAGIC_REGULAR) }
}
