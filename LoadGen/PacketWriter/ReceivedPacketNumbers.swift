/// The numbers of the packets that have arrived, in ranges, for an ACK frame.
///
/// Owns: 16 bytes for each range. Released by: its owner. Bound: ``rangeLimit`` ranges.
package struct ReceivedPacketNumbers {
    /// The latest first, with at least one number that has not arrived between two of them.
    package private(set) var ranges: [ClosedRange<UInt64>] = []

    /// The oldest ranges are forgotten, so that their packets are never acknowledged. RFC 9000 §13.2.3.
    package static let rangeLimit = 64

    package init() {}

    /// Takes note that the packets with `numbers` have arrived.
    package mutating func insert(_ numbers: ClosedRange<UInt64>) {
        // Behind the ranges that are later than `numbers` and not next to them.
        let index = ranges.firstIndex { $0.lowerBound <= numbers.upperBound + 1 } ?? ranges.count
        var merged = numbers
        while index < ranges.count, ranges[index].upperBound + 1 >= merged.lowerBound {
            let neighbour = ranges.remove(at: index)
            merged = min(neighbour.lowerBound, merged.lowerBound)...max(neighbour.upperBound, merged.upperBound)
        }
        ranges.insert(merged, at: index)
        if ranges.count > Self.rangeLimit { ranges.removeLast() }
    }
}
