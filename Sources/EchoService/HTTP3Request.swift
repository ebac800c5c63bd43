/// What ``HTTP3FetchService`` reads of a request: its path, when that is a decimal number.
struct HTTP3Request {
    /// N of the path `/N`.
    let responseBytes: UInt64

    /// - Parameter bytes: A HEADERS frame that arrived in one piece; nil for anything else. RFC 9114 §7.2.2.
    init?(_ bytes: RawSpan) {
        var reader = FieldReader(bytes.byteOffsets.map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) })
        guard reader.readByte() == 0x01, reader.skipVariableLengthInteger(), let path = reader.readPath(),
            path.first == UInt8(ascii: "/"), let count = UInt64(decimalDigits: path.dropFirst())
        else { return nil }
        responseBytes = count
    }
}

/// Walks the field lines of a QPACK field section that uses no dynamic table. RFC 9204 §4.5.
private struct FieldReader {
    private var rest: ArraySlice<UInt8>

    /// The index of `:path` in the static table. RFC 9204 Appendix A.
    private static let pathIndex = 1

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    mutating func readByte() -> UInt8? {
        rest.popFirst()
    }

    /// RFC 9000 §16: the two highest bits of the first byte say how many bytes there are.
    mutating func skipVariableLengthInteger() -> Bool {
        guard let first = readByte() else { return false }
        let further = (1 << Int(first >> 6)) - 1
        guard rest.count >= further else { return false }
        rest = rest.dropFirst(further)
        return true
    }

    /// The value of the first `:path` that is a literal; nil when there is none.
    mutating func readPath() -> [UInt8]? {
        guard readInteger(prefixBits: 8) == 0, readInteger(prefixBits: 7) == 0 else { return nil }
        while let first = rest.first {
            if first & 0x80 != 0 {
                guard readInteger(prefixBits: 6) != nil else { return nil }
            } else if first & 0x40 != 0 {
                guard let name = readInteger(prefixBits: 4) else { return nil }
                let value = readString(prefixBits: 7)
                if name == Self.pathIndex { return value?.text }
                guard value != nil else { return nil }
            } else if first & 0x20 != 0 {
                guard readString(prefixBits: 3) != nil, readString(prefixBits: 7) != nil else { return nil }
            } else {
                return nil
            }
        }
        return nil
    }

    /// An integer whose first bits share a byte with something else. RFC 7541 §5.1; at most 16 bits here.
    private mutating func readInteger(prefixBits: Int) -> Int? {
        guard let first = readByte() else { return nil }
        let mask = (1 << prefixBits) - 1
        var value = Int(first) & mask
        guard value == mask else { return value }
        for shift in [0, 7, 14] {
            guard let next = readByte() else { return nil }
            value += Int(next & 0x7f) << shift
            if next & 0x80 == 0 { return value }
        }
        return nil
    }

    /// A string whose length has `prefixBits`, after the bit that says whether it is Huffman-coded. RFC 9204 §4.1.2.
    private mutating func readString(prefixBits: Int) -> EncodedString? {
        guard let first = rest.first, let length = readInteger(prefixBits: prefixBits), length <= rest.count else {
            return nil
        }
        defer { rest = rest.dropFirst(length) }
        return EncodedString(bytes: rest.prefix(length), isHuffmanCoded: first & (1 << UInt8(prefixBits)) != 0)
    }
}

/// A string as it stands in a field section.
private struct EncodedString {
    let bytes: ArraySlice<UInt8>
    let isHuffmanCoded: Bool

    /// Its characters, when it is plain or consists of digits and slashes; nil otherwise.
    var text: [UInt8]? {
        isHuffmanCoded ? Self.decodeDigits(bytes) : Array(bytes)
    }

    /// The part of the Huffman code of RFC 7541 Appendix B that paths of digits use: 0 to 2 have five bits, 3 to 9 and
    /// the slash six, and the padding is all ones.
    private static func decodeDigits(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var bits = bytes.flatMap { byte in (0..<8).map { Int(byte >> UInt8(7 - $0)) & 1 } }[...]
        var text: [UInt8] = []
        while bits.count >= 8 || bits.contains(0) {
            let five = bits.prefix(5).reduce(0) { $0 << 1 | $1 }
            let six = bits.prefix(6).reduce(0) { $0 << 1 | $1 }
            switch (bits.count, five, six) {
            case (5..., 0...2, _): text.append(UInt8(ascii: "0") + UInt8(five))
            case (6..., _, 0x18): text.append(UInt8(ascii: "/"))
            case (6..., _, 0x19...0x1f): text.append(UInt8(ascii: "3") + UInt8(six - 0x19))
            default: return nil
            }
            bits = bits.dropFirst(five <= 2 ? 5 : 6)
        }
        return text
    }
}
