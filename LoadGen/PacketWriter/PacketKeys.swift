/// The keys of one direction at one encryption level, by which packets are written and read by hand. RFC 9001 §5.
///
/// Only for AES-128-GCM with SHA-256: Initial packets have no other, and our client and GnuTLS prefer it.
package struct PacketKeys: Sendable {
    private let secret: [UInt8]
    private let key: [UInt8]
    private let iv: [UInt8]
    private let headerProtection: [UInt8]

    /// Packet numbers take four bytes in every packet of ours.
    static let packetNumberBytes = 4
    /// What sealing adds to a payload.
    static let tagBytes = AES128.tagBytes
    private static let keyBytes = 16
    private static let secretBytes = 32
    /// RFC 9001 §5.4.2: the sample has 16 bytes and starts four bytes after the start of the packet number.
    private static let sampleBytes = 16
    private static let sampleOffset = 4
    /// RFC 9001 §5.2: the salt of version 1.
    private static let initialSalt: [UInt8] = [
        0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb,
        0x7f, 0x0a,
    ]

    /// The keys that follow from a traffic secret of 32 bytes.
    package init(secret: [UInt8]) {
        self.init(secret: secret, headerProtection: HKDF.expand(secret, label: "quic hp", count: Self.keyBytes))
    }

    private init(secret: [UInt8], headerProtection: [UInt8]) {
        self.secret = secret
        self.headerProtection = headerProtection
        key = HKDF.expand(secret, label: "quic key", count: Self.keyBytes)
        iv = HKDF.expand(secret, label: "quic iv", count: 12)
    }

    /// A client's Initial keys for the connection ID it first writes to. RFC 9001 §5.2.
    package static func clientInitial(destination: [UInt8]) -> PacketKeys {
        initial(destination: destination, label: "client in")
    }

    /// A server's Initial keys for the connection ID its client first wrote to. RFC 9001 §5.2.
    package static func serverInitial(destination: [UInt8]) -> PacketKeys {
        initial(destination: destination, label: "server in")
    }

    private static func initial(destination: [UInt8], label: String) -> PacketKeys {
        let common = HKDF.extract(salt: initialSalt, key: destination)
        return PacketKeys(secret: HKDF.expand(common, label: label, count: secretBytes))
    }

    /// The keys of the next key phase; header protection stays. RFC 9001 §6.1.
    package var next: PacketKeys {
        let secret = HKDF.expand(secret, label: "quic ku", count: Self.secretBytes)
        return PacketKeys(secret: secret, headerProtection: headerProtection)
    }

    /// Encrypts `payload`, and gives the header, whose packet number takes its last four bytes, its protection.
    ///
    /// - Precondition: `payload` is not empty: the sample of its header's protection lies in it and its tag.
    package func protect(header: [UInt8], number: UInt32, payload: [UInt8]) -> [UInt8] {
        let sealed = AES128.seal(payload, key: key, nonce: nonce(of: number), associated: header)
        let mask = AES128.encrypt(Array(sealed[..<Self.sampleBytes]), key: headerProtection)
        var protected = header
        protected[0] ^= mask[0] & Self.maskedBits(of: header[0])
        for index in 0..<Self.packetNumberBytes {
            protected[header.count - Self.packetNumberBytes + index] ^= mask[1 + index]
        }
        return protected + sealed
    }

    /// The number and the payload of a protected packet whose packet number begins at `numberOffset`; nil when it is not
    /// under these keys.
    ///
    /// - Parameter largest: The largest packet number received so far, from which a shortened one follows. RFC 9000 §17.1.
    package func open(
        _ packet: [UInt8],
        numberOffset: Int,
        after largest: UInt32 = 0
    ) -> (number: UInt32, payload: [UInt8])? {
        let sample = numberOffset + Self.sampleOffset
        guard packet.count >= sample + Self.sampleBytes else { return nil }
        let mask = AES128.encrypt(Array(packet[sample..<(sample + Self.sampleBytes)]), key: headerProtection)
        var header = packet
        header[0] ^= mask[0] & Self.maskedBits(of: packet[0])
        let numberLength = Int(header[0] & 3) + 1
        var shortened: UInt32 = 0
        for index in 0..<numberLength {
            header[numberOffset + index] ^= mask[1 + index]
            shortened = shortened << 8 | UInt32(header[numberOffset + index])
        }
        let number = Self.number(shortened, bits: UInt32(8 * numberLength), after: largest)
        header = Array(header[..<(numberOffset + numberLength)])
        let sealed = Array(packet[header.count...])
        return AES128.open(sealed, key: key, nonce: nonce(of: number), associated: header).map { (number, $0) }
    }

    /// RFC 9000 §A.3: the number closest to the next one expected that ends in the shortened one.
    private static func number(_ shortened: UInt32, bits: UInt32, after largest: UInt32) -> UInt32 {
        guard bits < 32 else { return shortened }
        let (expected, window) = (Int64(largest) + 1, Int64(1) << Int64(bits))
        let candidate = (expected & ~(window - 1)) | Int64(shortened)
        if candidate <= expected - window / 2 { return UInt32(clamping: candidate + window) }
        if candidate > expected + window / 2, candidate >= window { return UInt32(candidate - window) }
        return UInt32(clamping: candidate)
    }

    /// RFC 9001 §5.4.1: four bits of a long header's first byte are hidden, five of a short one's.
    private static func maskedBits(of first: UInt8) -> UInt8 { first & 0x80 != 0 ? 0x0f : 0x1f }

    private func nonce(of number: UInt32) -> [UInt8] {
        var nonce = iv
        for (index, byte) in number.bigEndianBytes.enumerated() { nonce[nonce.count - 4 + index] ^= byte }
        return nonce
    }
}
