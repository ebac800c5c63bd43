import Datagrams

/// The paths along which datagrams of a client have come: a Bloom filter, which may take a path for one of them that is not,
/// and never the other way round. (Bloom, "Space/Time Trade-offs in Hash Coding with Allowable Errors", Communications of the
/// ACM 13(7), 1970.)
struct SeenPaths {
    /// 1,024 bits, two for each path: after twenty paths one in six hundred others is taken for one of them.
    private var words = InlineArray<16, UInt64>(repeating: 0)

    mutating func insert(_ path: NetworkPath) {
        for bit in Self.bits(of: path) { words[bit / 64] |= 1 << UInt64(bit % 64) }
    }

    /// Whether `path` may be one of them.
    func mayContain(_ path: NetworkPath) -> Bool {
        Self.bits(of: path).allSatisfy { words[$0 / 64] & 1 << UInt64($0 % 64) != 0 }
    }

    private static func bits(of path: NetworkPath) -> [Int] {
        var hasher = Hasher()
        path.hash(into: &hasher)
        let value = hasher.finalize()
        return [value & 1_023, (value >> 10) & 1_023]
    }
}
