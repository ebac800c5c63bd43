internal import QUICTransport

/// A client's first datagram with the first half of a ClientHello in it, and nothing after it.
package enum HalfClientHello {
    private static let announcedBytes = 512

    /// A CRYPTO frame with that half.
    package static var frame: [UInt8] { Frame.crypto(firstHalf) }

    /// What takes the place of `datagram`, a client's Initial: the same connection IDs and token, but half the handshake.
    package static func instead(of datagram: [UInt8]) -> [UInt8] {
        guard let initial = unsafe InitialPacket(datagram.span.bytes) else { return datagram }
        var writer = InitialPacketWriter(destination: initial.destination, source: initial.source, token: initial.token)
        return writer.datagram(frame)
    }

    /// RFC 8446 §4: the type client_hello and a length of three bytes; §4.1.2: the legacy version, then the random bytes.
    private static let firstHalf: [UInt8] =
        [1, 0, UInt8(announcedBytes >> 8), UInt8(announcedBytes & 0xff), 3, 3]
        + [UInt8](repeating: 0x55, count: announcedBytes / 2)
}
