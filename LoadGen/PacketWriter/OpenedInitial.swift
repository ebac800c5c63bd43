/// What a client put into its first packet, read with the keys that everyone can derive. RFC 9001 §5.2.
package struct OpenedInitial: Sendable {
    /// The frames without the padding behind them.
    package let frames: [UInt8]
    /// The connection ID the client chose.
    package let destination: [UInt8]
    /// The connection ID it wants to be written to, which its ClientHello repeats. RFC 9000 §7.3.
    package let source: [UInt8]

    /// Opens the first datagram of a client that has no token; nil when it is not one.
    package init?(_ datagram: [UInt8]) {
        guard datagram.count >= InitialPacketWriter.datagramBytesMinimum else { return nil }
        let destination = Array(datagram[6..<(6 + Int(datagram[5]))])
        // Behind the other connection ID and a token's length of 0 comes the packet's length. RFC 9000 §17.2.2.
        let sourceOffset = 7 + destination.count
        let lengthOffset = sourceOffset + Int(datagram[sourceOffset - 1]) + 1
        let numberOffset = lengthOffset + (1 << Int(datagram[lengthOffset] >> 6))
        let keys = PacketKeys.clientInitial(destination: destination)
        guard let opened = keys.open(datagram, numberOffset: numberOffset) else { return nil }
        self.destination = destination
        source = Array(datagram[sourceOffset..<(lengthOffset - 1)])
        frames = Array(opened.payload[...(opened.payload.lastIndex { $0 != 0 } ?? 0)])
    }

    /// The ClientHello: the honest CRYPTO frame without its type, its offset of 0 and its length of two bytes.
    package var clientHello: [UInt8] { Array(frames.dropFirst(4)) }

    /// A datagram of at least 1,200 bytes with other frames, another destination or a token.
    package func datagram(
        destination: [UInt8]? = nil,
        token: [UInt8] = [],
        frames: [UInt8]? = nil,
        number: UInt32 = 0
    ) -> [UInt8] {
        var writer = InitialPacketWriter(
            destination: destination ?? self.destination,
            source: source,
            token: token,
            firstPacketNumber: number
        )
        return writer.datagram(frames ?? self.frames)
    }
}
