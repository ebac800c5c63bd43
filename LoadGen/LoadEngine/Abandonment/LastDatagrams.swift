import Datagrams

/// The last datagrams of clients that vanish, kept until all of them go out at once.
///
/// Owns: a copy of each. Released by: `deinit`. Bound: up to four for each connection of a cell.
struct LastDatagrams {
    private struct Entry {
        let bytes: [UInt8]
        let path: NetworkPath
        let ecn: ECN
    }

    private var entries: [Entry] = []
    private var sentCount = 0

    /// How many go out in a row: a target's socket may not have room for all of them.
    static let burst = 16

    /// Keeps every datagram of `batch`, and empties it.
    mutating func take(_ batch: TransmitBatch) {
        for entry in batch.entries {
            let bytes = batch.withBytes(of: entry) { bytes in
                unsafe bytes.withUnsafeBytes { unsafe Array($0) }
            }
            entries.append(Entry(bytes: bytes, path: entry.path, ecn: entry.ecn))
        }
        batch.removeAll()
    }

    /// Puts the next of them into `batch`.
    ///
    /// - Returns: Whether there were any.
    mutating func putNext(into batch: TransmitBatch) -> Bool {
        let next = entries[sentCount...].prefix(Self.burst)
        for entry in next { unsafe batch.append(copying: entry.bytes.span.bytes, path: entry.path, ecn: entry.ecn) }
        sentCount += next.count
        return !next.isEmpty
    }
}
