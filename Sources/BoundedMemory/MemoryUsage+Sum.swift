extension MemoryUsage {
    /// What two ledgers hold together. Their peaks may have come at different times, so the sum's peak is an upper bound.
    public static func + (one: MemoryUsage, other: MemoryUsage) -> MemoryUsage {
        var sum = one
        sum.liveBytes += other.liveBytes
        sum.liveBlocks += other.liveBlocks
        sum.peakBytes += other.peakBytes
        return sum
    }
}
