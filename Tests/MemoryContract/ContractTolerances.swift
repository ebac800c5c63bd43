/// How far a measurement may be from the document's figure, with the same libraries.
package struct ContractTolerances: Hashable, Sendable, Codable {
    /// Bytes held, for each block held.
    ///
    /// glibc sets aside up to 16 bytes more than a block needs, where what would be left of a piece of memory is too small to
    /// be a block of its own; which pieces there are depends on everything the process has freed before. Medians were seen
    /// to move by 4 bytes a block (GnuTLS, which allocates in odd sizes) and by less than 1 (ngtcp2).
    package var liveBytesPerBlock: Int
    /// Bytes held, whatever the number of blocks: the one by which any block may differ.
    package var liveBytesLeast: Int
    /// Blocks held: they do not depend on the allocator.
    package var liveBlocks: Int
    /// The most bytes held at once, in percent: how many blocks those were is not known.
    package var peakPercent: Int
    /// Milliseconds until nothing is left: virtual time does not vary, and parts of a millisecond are rounded up.
    package var milliseconds: Int
    /// Bytes of a real process for each connection, in percent: the system gives memory in pages, and the allocator keeps
    /// some of what the handshakes freed.
    package var residentPercent: Int
    /// Bytes of a real process that are left of all connections together.
    package var residentKeptBytes: Int

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case liveBytesPerBlock = "live_bytes_per_block"
        case liveBytesLeast = "live_bytes_least"
        case liveBlocks = "live_blocks"
        case peakPercent = "peak_percent"
        case milliseconds
        case residentPercent = "resident_percent"
        case residentKeptBytes = "resident_kept_bytes"
    }

    /// Those of the check.
    package static let standard = ContractTolerances(
        liveBytesPerBlock: 8,
        liveBytesLeast: 16,
        liveBlocks: 0,
        peakPercent: 3,
        milliseconds: 1,
        residentPercent: 2,
        residentKeptBytes: 512 << 10
    )

    /// Every tolerance with its name in the document.
    var named: [(name: String, value: Int)] {
        CodingKeys.allCases.map { ($0.rawValue, self[$0]) }
    }

    private subscript(key: CodingKeys) -> Int {
        switch key {
        case .liveBytesPerBlock: liveBytesPerBlock
        case .liveBytesLeast: liveBytesLeast
        case .liveBlocks: liveBlocks
        case .peakPercent: peakPercent
        case .milliseconds: milliseconds
        case .residentPercent: residentPercent
        case .residentKeptBytes: residentKeptBytes
        }
    }
}
