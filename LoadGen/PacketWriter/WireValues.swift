package import QUICTransport

/// `value` as a variable-length integer. RFC 9000 §16.
package func varint(_ value: UInt64) -> [UInt8] {
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

extension ConnectionID {
    /// The bytes as an array.
    package var bytes: [UInt8] { (0..<count).map { self[$0] } }
}

extension UInt32 {
    /// The bytes in network order.
    package var bigEndianBytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: self >> UInt32(24 - 8 * $0)) } }
}

/// The source connection ID of a packet with a long header; nil when `datagram` does not begin with one. RFC 8999 §5.1.
package func longHeaderSource(of datagram: [UInt8]) -> [UInt8]? {
    guard datagram.count > 6, datagram[0] & 0x80 != 0 else { return nil }
    let lengthOffset = 6 + Int(datagram[5])
    guard datagram.count > lengthOffset else { return nil }
    let end = lengthOffset + 1 + Int(datagram[lengthOffset])
    return datagram.count >= end ? Array(datagram[(lengthOffset + 1)..<end]) : nil
}
