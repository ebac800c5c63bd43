internal import CNgtcp2
import QUICPackets

/// Looks for a transport parameter that a client sent twice, of which ngtcp2 would take the last.
///
/// RFC 9000 §7.4: "An endpoint SHOULD treat receipt of duplicate transport parameters as a connection error of type
/// TRANSPORT_PARAMETER_ERROR." Those that ngtcp2 does not know mean nothing, however often they come.
enum DuplicateParameters {
    /// RFC 9001 §8.2: quic_transport_parameters.
    fileprivate static let tlsExtension: UInt32 = 0x39
    /// RFC 9287 §3: grease_quic_bit, the only known one whose number is large.
    private static let greaseQUICBit: UInt64 = 0x2ab2
    /// A place in the set for it that no known parameter has.
    private static let greaseQUICBitPlace: UInt64 = 63

    /// Whether one of the known parameters in `bytes` is there twice. What cannot be read is for ngtcp2 to refuse.
    static func areIn(_ bytes: RawSpan) -> Bool {
        var (offset, seen) = (0, UInt64(0))
        while let number = integer(in: bytes, at: &offset), let length = integer(in: bytes, at: &offset) {
            guard length <= UInt64(bytes.byteCount - offset) else { return false }
            offset += Int(length)
            let place = number == greaseQUICBit ? greaseQUICBitPlace : number
            guard place <= greaseQUICBitPlace else { continue }
            if seen & 1 << place != 0 { return true }
            seen |= 1 << place
        }
        return false
    }

    /// A variable-length integer. RFC 9000 §16.
    private static func integer(in bytes: RawSpan, at offset: inout Int) -> UInt64? {
        guard offset < bytes.byteCount else { return nil }
        let count = 1 << Int(bytes.byte(at: offset) >> 6)
        guard bytes.byteCount - offset >= count else { return nil }
        defer { offset += count }
        // The two bits that tell the length stand before the value.
        return bytes.number(at: offset..<offset + count) & (.max >> UInt64(66 - 8 * count))
    }

    /// Whether they are in a ClientHello without its header.
    static func areIn(clientHello message: UnsafePointer<gnutls_datum_t>) -> Bool {
        var found = false
        let flags = UInt32(GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO)
        unsafe withUnsafeMutablePointer(to: &found) {
            unsafe _ = gnutls_ext_raw_parse($0, lookAtExtension, message, flags)
        }
        return found
    }
}

private let lookAtExtension: @convention(c) (UnsafeMutableRawPointer?, UInt32, UnsafePointer<UInt8>?, UInt32) -> Int32 =
    {
        found,
        number,
        bytes,
        count in
        guard number == DuplicateParameters.tlsExtension, let found = unsafe found else { return 0 }
        let parameters = unsafe UnsafeRawBufferPointer(start: bytes, count: Int(count))
        unsafe found.assumingMemoryBound(to: Bool.self).pointee = DuplicateParameters.areIn(parameters.bytes)
        return 0
    }
