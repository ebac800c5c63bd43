/// The pieces of a stream whose packets nobody has acknowledged yet.
///
/// Owns: 50 bytes for each such packet. Released by: ``acknowledge(_:)`` and ``takeAll()``. Bound: a window's worth of packets.
struct PiecesInFlight {
    private var pieces: [UInt64: GrownConnection.Piece] = [:]
    /// No packet before this one is in flight.
    private var oldest: UInt64?

    private static let packetThreshold: UInt64 = 3

    /// How many there are.
    var count: Int { pieces.count }

    mutating func add(_ piece: GrownConnection.Piece, number: UInt64) {
        pieces[number] = piece
        oldest = oldest ?? number
    }

    /// Takes note that the packets in `ranges` have arrived, the latest first.
    ///
    /// - Returns: The pieces that were lost, which are in flight no longer: later packets have arrived. RFC 9002 §6.1.1.
    mutating func acknowledge(_ ranges: [ClosedRange<UInt64>]) -> [GrownConnection.Piece] {
        guard var first = oldest, let latest = ranges.first?.upperBound else { return [] }
        for range in ranges where range.upperBound >= first {
            for number in max(first, range.lowerBound)...range.upperBound { pieces[number] = nil }
        }
        var lost: [GrownConnection.Piece] = []
        while first <= latest {
            if let piece = pieces[first] {
                guard first + Self.packetThreshold <= latest else { break }
                lost.append(piece)
                pieces[first] = nil
            }
            first += 1
        }
        oldest = first
        return lost
    }

    /// Removes and returns all of them.
    mutating func takeAll() -> [GrownConnection.Piece] {
        defer { pieces = [:] }
        return Array(pieces.values)
    }
}
