internal import CNgtcp2

/// The part of a datagram that says where it belongs, readable without keys. RFC 8999 §5.
public enum DatagramHeader: Sendable, Hashable {
    /// A packet of a version spoken here, or a short header.
    case packet(destination: ConnectionID, source: ConnectionID, isLong: Bool)
    /// A long header of a version not spoken here, in a datagram of at least 1,200 bytes.
    ///
    /// RFC 9000 §6.1: a server SHOULD send Version Negotiation only for a datagram large enough to open a connection.
    case unsupportedVersion
    /// Not QUIC.
    case malformed

    /// Reads the first packet's header.
    ///
    /// - Parameter datagram: The UDP payload.
    public init(_ datagram: RawSpan) {
        // ngtcp2 aborts on an empty datagram.
        guard datagram.byteCount > 0 else {
            self = .malformed
            return
        }
        var header = unsafe ngtcp2_version_cid()
        let status = unsafe datagram.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return NGTCP2_ERR_INVALID_ARGUMENT }
            return unsafe ngtcp2_pkt_decode_version_cid(
                &header,
                base.assumingMemoryBound(to: UInt8.self),
                bytes.count,
                ConnectionID.issuedBytes
            )
        }
        if status == NGTCP2_ERR_VERSION_NEGOTIATION {
            self = .unsupportedVersion
            return
        }
        let destination = unsafe ConnectionID(UnsafeRawBufferPointer(start: header.dcid, count: header.dcidlen).bytes)
        let source = unsafe ConnectionID(UnsafeRawBufferPointer(start: header.scid, count: header.scidlen).bytes)
        guard status == 0, let destination, let source else {
            self = .malformed
            return
        }
        self = .packet(destination: destination, source: source, isLong: datagram.hasLongHeader)
    }
}

extension RawSpan {
    /// Whether the first byte has the long header bit. RFC 8999 §5.1.
    var hasLongHeader: Bool {
        byteCount > 0 && byte(at: 0) & 0x80 != 0
    }
}
