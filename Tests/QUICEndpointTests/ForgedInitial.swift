import QUICEndpoint
import QUICTesting
import QUICTransport

/// A client's first packet, opened and put together again with another token, connection ID or content.
struct ForgedInitial {
    /// The frames an honest client sent, with its ClientHello.
    let honestFrames: [UInt8]
    /// The connection ID it chose.
    let destination: [UInt8]
    /// The connection ID it wants to be written to, which its ClientHello repeats. RFC 9000 §7.3.
    private let source: [UInt8]

    /// Takes what an honest client of `pair` sends first, and lets the client go.
    init?(pair: Pair) throws {
        var first: [UInt8] = []
        let admits = pair.network.admits
        pair.network.admits = {
            first = first.isEmpty ? $0.bytes : first
            return false
        }
        let connection = try pair.connect()
        pair.run(for: .milliseconds(1))
        pair.client.abandon(connection, at: pair.now)
        pair.network.admits = admits
        guard first.count >= 1_200 else { return nil }
        let destination = Array(first[6..<(6 + Int(first[5]))])
        // Behind the other connection ID and a token's length of 0 comes the packet's length. RFC 9000 §17.2.2.
        let sourceOffset = 7 + destination.count
        let lengthOffset = sourceOffset + Int(first[sourceOffset - 1]) + 1
        let numberOffset = lengthOffset + (1 << Int(first[lengthOffset] >> 6))
        guard let opened = PacketKeys.clientInitial(destination: destination).open(first, numberOffset: numberOffset)
        else { return nil }
        self.destination = destination
        source = Array(first[sourceOffset..<(lengthOffset - 1)])
        honestFrames = Array(opened.payload[...(opened.payload.lastIndex { $0 != 0 } ?? 0)])
    }

    /// The ClientHello: the honest CRYPTO frame without its type, its offset of 0 and its length of two bytes.
    var clientHello: [UInt8] { Array(honestFrames.dropFirst(4)) }

    /// A datagram of at least 1,200 bytes.
    func datagram(
        destination: [UInt8]? = nil,
        token: [UInt8] = [],
        frames: [UInt8]? = nil,
        number: UInt32 = 0
    ) -> [UInt8] {
        let destination = destination ?? self.destination
        let ids = [UInt8(destination.count)] + destination + [UInt8(source.count)] + source
        var header = [0xc3, 0, 0, 0, 1] + ids + varint(UInt64(token.count)) + token
        var payload = frames ?? honestFrames
        payload += [UInt8](repeating: 0, count: max(0, 1_200 - header.count - 6 - 16 - payload.count))
        header += varint(UInt64(4 + payload.count + 16) | 0x4000).suffix(2)
        header[header.count - 2] |= 0x40
        header += number.bigEndianBytes
        return PacketKeys.clientInitial(destination: destination).protect(
            header: header,
            number: number,
            payload: payload
        )
    }
}
