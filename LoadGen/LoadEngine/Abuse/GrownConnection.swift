import PacketWriter

/// A connection that was taken over when its windows had grown, and what it may still send.
struct GrownConnection {
    /// A part of a stream, for one packet.
    struct Piece {
        let stream: UInt64
        let offset: UInt64
        let count: Int
    }

    let connection: HostileConnection
    /// How much was sent on each stream, by its number.
    private var offsets: [UInt64: UInt64]
    /// How far a client may send on a stream of which the server has said nothing.
    private let firstStreamLimit: UInt64

    init(_ connection: HostileConnection, offsets: [UInt64: UInt64], streamWindowBytes: Int) {
        self.connection = connection
        self.offsets = offsets
        firstStreamLimit = UInt64(streamWindowBytes)
    }

    /// The bytes that may be sent on all streams together.
    var windowBytes: UInt64 {
        let sent = offsets.values.reduce(0, +)
        return connection.heard.dataLimit - min(sent, connection.heard.dataLimit)
    }

    /// Everything that may be sent, evenly on all streams, in the order of their bytes; an array for each stream. It counts as
    /// sent.
    ///
    /// - Parameter reserve: Bytes of each window that are left.
    mutating func takeWindow(inPiecesOf pieceBytes: Int, leaving reserve: UInt64 = 0) -> [[Piece]] {
        let share = (windowBytes - min(windowBytes, reserve)) / UInt64(max(1, offsets.count))
        return offsets.keys.sorted().map { stream in
            let start = offsets[stream] ?? 0
            let limit = max(firstStreamLimit, connection.heard.streamDataLimits[stream] ?? 0)
            let end = min(start + share, max(start, limit - min(limit, reserve)))
            offsets[stream] = end
            return Swift.stride(from: start, to: end, by: pieceBytes).map { offset in
                Piece(stream: stream, offset: offset, count: Int(min(UInt64(pieceBytes), end - offset)))
            }
        }
    }
}
