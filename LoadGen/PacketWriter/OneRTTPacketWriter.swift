/// Writes 1-RTT packets with any frames under the keys of a connection. RFC 9000 §17.3.1.
package struct OneRTTPacketWriter: Sendable {
    /// Where packets go: a connection ID of the peer.
    package var destination: [UInt8]
    /// The packet number of the next packet.
    package var nextPacketNumber: UInt32
    private var keys: PacketKeys
    private var keyPhase: UInt8 = 0

    /// RFC 9001 §5.4.2: at least four bytes, or there is no sample to protect the header with.
    private static let payloadBytesMinimum = 8

    /// - Parameter firstPacketNumber: Beyond those the connection has used already.
    package init(keys: PacketKeys, destination: [UInt8], firstPacketNumber: UInt32) {
        self.keys = keys
        self.destination = destination
        nextPacketNumber = firstPacketNumber
    }

    /// A packet that carries `frames`, and padding where they are very short.
    package mutating func packet(_ frames: [UInt8], to destination: [UInt8]? = nil) -> [UInt8] {
        let payload = frames + [UInt8](repeating: 0, count: max(0, Self.payloadBytesMinimum - frames.count))
        let number = nextPacketNumber
        nextPacketNumber += 1
        let header = [0x43 | keyPhase] + (destination ?? self.destination) + number.bigEndianBytes
        return keys.protect(header: header, number: number, payload: payload)
    }

    /// Writes packets of the next key phase from now on. RFC 9001 §6.
    package mutating func updateKeys() {
        keys = keys.next
        keyPhase ^= 0x04
    }
}
