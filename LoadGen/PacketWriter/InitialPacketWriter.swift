package import QUICTransport

/// Writes a client's Initial packets with any frames. RFC 9000 §17.2.2, RFC 9001 §5.2.
package struct InitialPacketWriter: Sendable {
    /// RFC 9000 §14.1: a client MUST expand the payload of all UDP datagrams carrying Initial packets to at least 1200 bytes.
    package static let datagramBytesMinimum = 1_200

    private let header: [UInt8]
    private let keys: PacketKeys
    /// The packet number of the next datagram.
    package var nextPacketNumber: UInt32

    /// - Parameters:
    ///   - destination: The connection ID the client makes up, 8 to 20 bytes.
    ///   - source: The client's own connection ID.
    ///   - token: What the server gave it in a Retry.
    ///   - firstPacketNumber: Beyond those of another writer of this client.
    package init(
        destination: ConnectionID,
        source: ConnectionID,
        token: [UInt8] = [],
        firstPacketNumber: UInt32 = 0
    ) {
        self.init(
            destination: destination.bytes,
            source: source.bytes,
            token: token,
            firstPacketNumber: firstPacketNumber
        )
    }

    /// The same with connection IDs of any bytes, also such as the protocol does not allow.
    ///
    /// - Parameter version: What the packet says; its keys are those of version 1 all the same.
    package init(
        destination: [UInt8],
        source: [UInt8],
        token: [UInt8] = [],
        firstPacketNumber: UInt32 = 0,
        version: UInt32 = 1
    ) {
        nextPacketNumber = firstPacketNumber
        keys = .clientInitial(destination: destination)
        header =
            [0xc3] + version.bigEndianBytes + [UInt8(destination.count)] + destination
            + [UInt8(source.count)] + source + varint(UInt64(token.count)) + token
    }

    /// A datagram with one Initial packet that carries `frames` and as much padding as makes it `count` bytes long.
    ///
    /// - Parameter count: Frames that need more make it longer.
    package mutating func datagram(_ frames: [UInt8], count: Int = datagramBytesMinimum) -> [UInt8] {
        let overhead = header.count + 2 + PacketKeys.packetNumberBytes + PacketKeys.tagBytes
        let payload = frames + [UInt8](repeating: 0, count: max(0, count - overhead - frames.count))
        let number = nextPacketNumber
        nextPacketNumber += 1
        let length = PacketKeys.packetNumberBytes + payload.count + PacketKeys.tagBytes
        // Two bytes, whether it needs them or not. RFC 9000 §16.
        let lengthBytes = [UInt8(length >> 8) | 0x40, UInt8(length & 0xff)]
        return keys.protect(header: header + lengthBytes + number.bigEndianBytes, number: number, payload: payload)
    }
}
