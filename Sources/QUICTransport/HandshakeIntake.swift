/// The CRYPTO bytes of a client during its handshake, counted in order and over all levels before TLS sees them.
///
/// GnuTLS has a limit too, and compares it with everything that was sent and received so far: with a long certificate chain
/// it would end honest handshakes.
struct HandshakeIntake {
    /// A reason to refuse CRYPTO bytes.
    enum Refusal: Equatable {
        /// A message whose header announces more than ``TransportConfiguration/clientHelloBytesLimit``.
        case messageTooLong
        /// More than ``TransportConfiguration/handshakeCryptoBytesLimit`` in all.
        case tooManyBytes
        /// A message that no client may send.
        case unexpectedMessage
    }

    /// The bytes that came, over all levels.
    private(set) var totalBytes: UInt16
    /// The bytes that are missing of the current message's body.
    private var bodyBytes: UInt16 = 0
    /// The first bytes of the current message, until there are ``headerBytes`` of them, after a 1 that tells how many.
    private var header: UInt32 = noHeader

    /// RFC 8446 §4: a handshake message begins with its type, 1 byte, and its length, 3 bytes.
    private static let headerBytes = 4
    private static let noHeader: UInt32 = 1
    /// Where the 1 is when all but the last byte are there.
    private static let lastByteMissing: UInt32 = 1 << 24

    /// - Parameter totalBytes: The bytes that came before, the last of which ended a message.
    init(totalBytes: UInt16 = 0) {
        self.totalBytes = totalBytes
    }

    /// RFC 8879 §4: CompressedCertificate. A server that does not offer compression gets none.
    ///
    /// GnuTLS 3.7.9 takes one all the same where it has asked for a certificate, and allocates the length that the client claims,
    /// up to 16 MiB.
    private static let compressedCertificate: UInt32 = 25

    /// Takes note of the next bytes, of at most `bytesLimit` in all; nil when TLS may have them.
    mutating func admit(_ bytes: RawSpan, bytesLimit: Int) -> Refusal? {
        let total = Int(totalBytes) + bytes.byteCount
        totalBytes = UInt16(clamping: total)
        guard total <= bytesLimit else { return .tooManyBytes }
        var index = 0
        while index < bytes.byteCount {
            guard bodyBytes == 0 else {
                let part = min(Int(bodyBytes), bytes.byteCount - index)
                bodyBytes -= UInt16(part)
                index += part
                continue
            }
            let isLast = header >= Self.lastByteMissing
            header = header << 8 | UInt32(bytes.byte(at: index))
            index += 1
            guard isLast else { continue }
            guard header >> 24 != Self.compressedCertificate else { return .unexpectedMessage }
            let length = Int(header & 0xff_ffff)
            guard Self.headerBytes + length <= TransportConfiguration.clientHelloBytesLimit else {
                return .messageTooLong
            }
            bodyBytes = UInt16(length)
            header = Self.noHeader
        }
        return nil
    }
}
