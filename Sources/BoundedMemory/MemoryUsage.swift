/// How much memory is held now, and the most that was held at once.
public struct MemoryUsage: Hashable, Sendable, Encodable {
    /// Bytes held, as the allocator counts them: rounding included, its own 8-byte headers not.
    public internal(set) var liveBytes = 0
    /// Blocks held.
    public internal(set) var liveBlocks = 0
    /// The most bytes held at any moment.
    public internal(set) var peakBytes = 0

    /// Nothing held, now or ever.
    public init() {}

    /// Whether nothing is held now.
    public var isEmpty: Bool { liveBytes == 0 && liveBlocks == 0 }

    /// Adds one block.
    @inline(__always)
    mutating func charge(_ bytes: Int) {
        liveBytes += bytes
        liveBlocks += 1
        if liveBytes > peakBytes { peakBytes = liveBytes }
    }

    /// Adds or takes away any number of blocks at once.
    @inline(__always)
    mutating func adjust(bytes: Int, blocks: Int) {
        liveBytes += bytes
        liveBlocks += blocks
        precondition(liveBytes >= 0 && liveBlocks >= 0, "more memory released than was charged")
        if liveBytes > peakBytes { peakBytes = liveBytes }
    }

    /// Takes one block away.
    @inline(__always)
    mutating func release(_ bytes: Int) {
        precondition(liveBytes >= bytes && liveBlocks > 0, "more memory released than was charged")
        liveBytes -= bytes
        liveBlocks -= 1
    }
}
