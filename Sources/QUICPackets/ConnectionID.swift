/// The name an endpoint chose for a connection, 0 to 20 bytes, held inline in 24. RFC 9000 §5.1.
public struct ConnectionID: Hashable, Sendable {
    /// The most bytes a connection ID of QUIC version 1 has. RFC 9000 §17.2.
    public static let bytesLimit = 20
    /// The bytes of those that are issued here.
    @inlinable package static var issuedBytes: Int { 12 }

    // The bytes lie in these three fields as they do on the wire; those beyond the length are 0, so that equal
    // connection IDs are equal fields.
    @usableFromInline var first: UInt64 = 0
    @usableFromInline var second: UInt64 = 0
    @usableFromInline var third: UInt32 = 0
    @usableFromInline var length: UInt32 = 0

    /// The connection ID of length 0.
    @inlinable
    public init() {}

    /// A connection ID of these bytes; nil when they are more than 20.
    @inlinable
    public init?(_ bytes: RawSpan) {
        // RFC 9000 §17.2: "In QUIC version 1, this value MUST NOT exceed 20 bytes."
        guard bytes.byteCount <= ConnectionID.bytesLimit else { return nil }
        length = UInt32(bytes.byteCount)
        unsafe bytes.withUnsafeBytes { source in
            unsafe withUnsafeMutableBytes(of: &self) { unsafe $0.copyMemory(from: source) }
        }
    }

    /// A connection ID of `count` bytes drawn from `generator`.
    ///
    /// RFC 9000 §5.1: an observer must not be able to link the connection IDs of one connection, so the generator has to
    /// be a cryptographic one wherever they go on the wire.
    ///
    /// - Precondition: `count` is from 0 to 20.
    public static func random(count: Int, using generator: inout some RandomNumberGenerator) -> ConnectionID {
        precondition(count >= 0 && count <= bytesLimit)
        var id = ConnectionID()
        id.length = UInt32(count)
        unsafe withUnsafeMutableBytes(of: &id) { bytes in
            for index in 0..<count { unsafe bytes[index] = .random(in: .min ... .max, using: &generator) }
        }
        return id
    }

    /// The number of bytes.
    @inlinable
    public var count: Int { Int(length) }

    /// Whether there are no bytes.
    @inlinable
    public var isEmpty: Bool { length == 0 }

    /// The byte at `index`, counted from 0.
    @inlinable
    public subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "no such byte")
        return withBytes { unsafe $0.unsafeLoad(fromByteOffset: index, as: UInt8.self) }
    }

    /// Calls `body` with the bytes.
    @inlinable
    public func withBytes<Result>(_ body: (RawSpan) throws -> Result) rethrows -> Result {
        try unsafe withUnsafeBytes(of: self) { fields in
            try body(unsafe UnsafeRawBufferPointer(rebasing: fields[..<count]).bytes)
        }
    }

    /// Whether both are the same bytes.
    @inlinable
    public static func == (lhs: ConnectionID, rhs: ConnectionID) -> Bool {
        (lhs.first ^ rhs.first) | (lhs.second ^ rhs.second) == 0 && lhs.third == rhs.third && lhs.length == rhs.length
    }

    /// Feeds exactly the bytes to `hasher`.
    @inlinable
    public func hash(into hasher: inout Hasher) {
        unsafe withUnsafeBytes(of: self) {
            unsafe hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
    }
}

extension ConnectionID: CustomStringConvertible {
    /// The bytes in hexadecimal, without separators.
    public var description: String {
        (0..<count).map { index in
            let digits = String(self[index], radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
