package import BoundedMemory

/// What the connections of a sample held of one class, or in all.
package struct MemoryFigures: Hashable, Sendable, Codable {
    /// Bytes held: the median.
    package var liveBytes: Int
    /// The fewest any of them held.
    package var liveBytesMinimum: Int
    /// The most any of them held.
    package var liveBytesMaximum: Int
    /// Blocks held: the median.
    package var liveBlocks: Int
    /// The most bytes held at once on the way to the state: the median.
    package var peakBytes: Int
    /// The most any of them held at once.
    package var peakBytesMaximum: Int

    private enum CodingKeys: String, CodingKey {
        case liveBytes = "live_bytes"
        case liveBytesMinimum = "live_bytes_minimum"
        case liveBytesMaximum = "live_bytes_maximum"
        case liveBlocks = "live_blocks"
        case peakBytes = "peak_bytes"
        case peakBytesMaximum = "peak_bytes_maximum"
    }

    /// The figures of `sample`, one usage for each connection.
    ///
    /// - Precondition: `sample` is not empty.
    package init(_ sample: [MemoryUsage]) {
        let live = Spread(sample.map(\.liveBytes))
        let peak = Spread(sample.map(\.peakBytes))
        liveBytes = live.median
        liveBytesMinimum = live.minimum
        liveBytesMaximum = live.maximum
        liveBlocks = Spread(sample.map(\.liveBlocks)).median
        peakBytes = peak.median
        peakBytesMaximum = peak.maximum
    }
}
