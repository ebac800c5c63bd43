internal import CNgtcp2
public import Datagrams

/// Writes the packets an endpoint sends without keeping a connection for them.
///
/// Each function writes into the space it is given and returns the bytes written; 0 when the packet must not or cannot
/// be written. None is ever longer than the datagram it answers times three (RFC 9000 §8.1).
public enum StatelessPackets {
    /// Version Negotiation in answer to `datagram`, with both connection IDs swapped. RFC 9000 §6.1.
    public static func versionNegotiation(
        answering datagram: RawSpan,
        unused: UInt8,
        into space: UnsafeMutableRawBufferPointer
    ) -> Int {
        var header = unsafe ngtcp2_version_cid()
        let versions = QUICVersion.supported.map(\.rawValue)
        return unsafe datagram.withUnsafeBytes { bytes in
            let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            let status = unsafe ngtcp2_pkt_decode_version_cid(
                &header,
                base,
                bytes.count,
                ConnectionID.issuedBytes
            )
            guard status == NGTCP2_ERR_VERSION_NEGOTIATION else { return 0 }
            return unsafe max(
                0,
                ngtcp2_pkt_write_version_negotiation(
                    space.bindMemory(to: UInt8.self).baseAddress,
                    space.count,
                    unused,
                    header.scid,
                    header.scidlen,
                    header.dcid,
                    header.dcidlen,
                    versions,
                    versions.count
                )
            )
        }
    }

    /// Retry in answer to `initial`: the client is to come back to `source` with a token. RFC 9000 §17.2.5.
    public static func retry(
        answering initial: InitialPacket,
        source: ConnectionID,
        validation: AddressValidation,
        remote: SocketAddress,
        at now: MonotonicInstant,
        into space: UnsafeMutableRawBufferPointer
    ) -> Int {
        // ngtcp2 aborts on a Retry whose new connection ID is the one the client chose.
        guard source != initial.destination,
            let token = validation.retryToken(for: initial, retrySource: source, remote: remote, at: now)
        else { return 0 }
        return unsafe initial.source.withNative { destination in
            unsafe source.withNative { source in
                unsafe initial.destination.withNative { original in
                    unsafe max(
                        0,
                        ngtcp2_crypto_write_retry(
                            space.bindMemory(to: UInt8.self).baseAddress,
                            space.count,
                            initial.version,
                            destination,
                            source,
                            original,
                            token,
                            token.count
                        )
                    )
                }
            }
        }
    }

    /// CONNECTION_CLOSE in an Initial packet in answer to `initial`.
    ///
    /// - Parameter error: Why. RFC 9000 §20.1.
    public static func close(
        answering initial: InitialPacket,
        error: TransportErrorCode,
        into space: UnsafeMutableRawBufferPointer
    ) -> Int {
        unsafe initial.source.withNative { destination in
            unsafe initial.destination.withNative { source in
                unsafe max(
                    0,
                    ngtcp2_crypto_write_connection_close(
                        space.bindMemory(to: UInt8.self).baseAddress,
                        space.count,
                        initial.version,
                        destination,
                        source,
                        error.rawValue,
                        nil,
                        0
                    )
                )
            }
        }
    }

    /// A stateless reset in answer to a short header packet of `triggerBytes` bytes.
    ///
    /// RFC 9000 §10.3.3: an endpoint MUST ensure that every Stateless Reset that it sends is smaller than the packet
    /// that triggered it.
    public static func reset(
        for id: ConnectionID,
        secret: EndpointSecret,
        triggerBytes: Int,
        random: inout some RandomNumberGenerator,
        into space: UnsafeMutableRawBufferPointer
    ) -> Int {
        // RFC 9000 §10.3: at least 21 bytes; and no more than looks like a small packet.
        let bytes = min(triggerBytes - 1, 43)
        guard bytes >= 21, let token = StatelessResetToken(for: id, secret: secret) else { return 0 }
        let padding = (0..<(bytes - 16)).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { tokenBytes in
            guard let tokenBase = tokenBytes.baseAddress else { return 0 }
            unsafe token.copy(to: tokenBase)
            return unsafe max(
                0,
                ngtcp2_pkt_write_stateless_reset(
                    space.bindMemory(to: UInt8.self).baseAddress,
                    bytes,
                    tokenBase,
                    padding,
                    padding.count
                )
            )
        }
    }
}
