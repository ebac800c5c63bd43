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
