import QUICPackets

/// The part of a NewSessionTicket that GnuTLS does not tell of. RFC 8446 §4.6.1.
enum NewSessionTicket {
    /// A lifetime and a value to add, 4 bytes each; then a nonce, a ticket, and the extensions.
    private static let fixedBytes = 8
    private static let earlyDataExtension = 42
    /// RFC 9001 §4.6.1: "Servers MUST NOT send the early_data extension with a max_early_data_size field set to any value other than
    /// 0xffffffff."
    private static let earlyDataBytes = 0xffff_ffff

    /// Whether a ticket allows early data, by its message without the header.
    static func allowsEarlyData(_ message: RawSpan) -> Bool {
        var offset = fixedBytes
        guard let nonceBytes = number(ofBytes: 1, in: message, at: &offset) else { return false }
        offset += nonceBytes
        guard let ticketBytes = number(ofBytes: 2, in: message, at: &offset) else { return false }
        offset += ticketBytes
        guard number(ofBytes: 2, in: message, at: &offset) != nil else { return false }
        while let kind = number(ofBytes: 2, in: message, at: &offset),
            let count = number(ofBytes: 2, in: message, at: &offset)
        {
            if kind == earlyDataExtension {
                return count == 4 && number(ofBytes: 4, in: message, at: &offset) == earlyDataBytes
            }
            offset += count
        }
        return false
    }

    private static func number(ofBytes count: Int, in message: RawSpan, at offset: inout Int) -> Int? {
        guard offset + count <= message.byteCount else { return nil }
        defer { offset += count }
        return Int(message.number(at: offset..<offset + count))
    }
}
