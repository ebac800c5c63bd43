package import QUICTransport

/// Writes a client's Initial packets with frames of the test's choice. RFC 9000 §17.2.2, RFC 9001 §5.2.
package struct InitialPacketWriter {
    private static let keyBytes = 16
    private static let tagBytes = 16
    private static let packetNumberBytes = 4
    /// RFC 9001 §5.4.2: the sample starts four bytes after the start of the packet number.
    private static let sampleOffset = 4

    private let destination: [UInt8]
    private let source: [UInt8]
    private let token: [UInt8]
    private let key: [UInt8]
    private let iv: [UInt8]
    private let headerKey: [UInt8]
    private var nextPacketNumber: UInt32

    /// RFC 9001 §5.2: the salt of version 1.
    private static let salt: [UInt8] = [
        0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb,
        0x7f, 0x0a,
    ]

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
        nextPacketNumber = firstPacketNumber
        self.destination = destination.withBytes { Array(copying: $0) }
        self.source = source.withBytes { Array(copying: $0) }
        self.token = Self.variableLength(token.count) + token
        let initial = HKDF.extract(salt: Self.salt, key: self.destination)
        let secret = HKDF.expand(initial, label: "client in", count: 32)
        key = HKDF.expand(secret, label: "quic key", count: Self.keyBytes)
        iv = HKDF.expand(secret, label: "quic iv", count: 12)
        headerKey = HKDF.expand(secret, label: "quic hp", count: Self.keyBytes)
    }

    /// A datagram of 1,200 bytes with one Initial packet that carries `frames` and padding.
    package mutating func datagram(_ frames: [UInt8], count: Int = 1_200) -> [UInt8] {
        let headerBytes = 1 + 4 + 1 + destination.count + 1 + source.count + token.count + 2 + Self.packetNumberBytes
        let payloadBytes = count - headerBytes - Self.tagBytes
        precondition(frames.count <= payloadBytes)
        let number = nextPacketNumber
        nextPacketNumber += 1
        let length = UInt16(Self.packetNumberBytes + payloadBytes + Self.tagBytes) | 0x4000
        var header: [UInt8] = [0xc3, 0, 0, 0, 1, UInt8(destination.count)] + destination
        header += [UInt8(source.count)] + source + token + [UInt8(length >> 8), UInt8(length & 0xff)]
        header += (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * $0)) }
        let payload = frames + [UInt8](repeating: 0, count: payloadBytes - frames.count)
        let sealed = seal(payload, header: header, number: number)
        return protect(header, sealed)
    }

    /// A CRYPTO frame of the first `bytes` of the stream. RFC 9000 §19.6.
    package static func cryptoFrame(startingWith bytes: [UInt8]) -> [UInt8] {
        [0x06, 0] + variableLength(bytes.count) + bytes
    }

    /// A CRYPTO frame of one byte at `offset`. RFC 9000 §19.6.
    package static func cryptoFrame(at offset: Int) -> [UInt8] {
        let encoded = UInt32(offset) | 0x8000_0000
        return [0x06] + (0..<4).map { UInt8(truncatingIfNeeded: encoded >> UInt32(24 - 8 * $0)) } + [1, 0x55]
    }

    /// A number below 16,384 as a variable-length integer. RFC 9000 §16.
    private static func variableLength(_ number: Int) -> [UInt8] {
        precondition(number < 1 << 14)
        return number < 1 << 6 ? [UInt8(number)] : [UInt8(number >> 8) | 0x40, UInt8(number & 0xff)]
    }

    private func seal(_ payload: [UInt8], header: [UInt8], number: UInt32) -> [UInt8] {
        var nonce = iv
        for index in 0..<4 { nonce[nonce.count - 1 - index] ^= UInt8(truncatingIfNeeded: number >> UInt32(8 * index)) }
        return AES128.seal(payload, key: key, nonce: nonce, associated: header)
    }

    /// RFC 9001 §5.4.1: the mask hides the low bits of the first byte and the packet number.
    private func protect(_ header: [UInt8], _ sealed: [UInt8]) -> [UInt8] {
        var packet = header + sealed
        let numberStart = header.count - Self.packetNumberBytes
        let sample = Array(packet[(numberStart + Self.sampleOffset)...].prefix(16))
        let mask = AES128.encrypt(sample, key: headerKey)
        packet[0] ^= mask[0] & 0x0f
        for index in 0..<Self.packetNumberBytes { packet[numberStart + index] ^= mask[index + 1] }
        return packet
    }
}
