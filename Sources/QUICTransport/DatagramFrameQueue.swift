import BoundedMemory

/// How many DATAGRAM frames went which way. RFC 9221.
public struct DatagramFrameCounts: Sendable, Hashable, Encodable {
    /// Frames that arrived.
    public package(set) var received = 0
    /// Frames that were put into a packet: not all of them arrive.
    public package(set) var sent = 0
    /// Frames that were never sent: newer ones took their place in the queue, or the path no longer carries one of their size.
    public package(set) var dropped = 0

    /// None yet.
    public init() {}

    /// Adds others' counts.
    public static func += (sum: inout DatagramFrameCounts, other: DatagramFrameCounts) {
        sum.received += other.received
        sum.sent += other.sent
        sum.dropped += other.dropped
    }
}

/// Why a datagram was not taken to be sent.
public enum DatagramError: Error, Hashable, Sendable {
    /// The peer takes no DATAGRAM frames, or has not said yet, or this side's configuration has no room for any.
    case unsupported
    /// It is longer than the peer and the path take now: ``Connection/maximumDatagramBytes``.
    case tooLarge(maximumBytes: Int)
    /// There is no memory for it.
    case outOfMemory
    /// The connection has ended.
    case closed
}

/// The datagrams of one connection that wait to be sent in DATAGRAM frames, and the counts of those that were. RFC 9221.
///
/// A connection has none until its first datagram, in either direction.
///
/// Owns: segments with the bytes, 2 bytes for each datagram, and itself (about 200 bytes). Released by: sending or dropping a
/// datagram, and the end of the connection; without datagrams it holds only itself.
/// Bound: ``TransportConfiguration/queuedDatagrams`` and ``TransportConfiguration/queuedDatagramBytes``, with two segments of
/// 4 KiB at most that are not full.
final class DatagramFrameQueue {
    /// The datagrams sent, received and dropped on this connection.
    var counts = DatagramFrameCounts()
    /// Whether datagrams go first into the next packet, where stream data waits as well.
    private(set) var goesFirst = true
    private let account: MemoryAccount
    private var bytes: ByteQueue
    private var lengths: RingBuffer<UInt16>

    init(account: MemoryAccount, configuration: TransportConfiguration) {
        self.account = account
        // A connection that sends none has a queue for its counts.
        bytes = ByteQueue(capacityLimitBytes: max(1, configuration.queuedDatagramBytes), account: account)
        lengths = RingBuffer(capacityLimit: max(1, configuration.queuedDatagrams), owner: account)
        account.charge(self, to: .table)
    }

    deinit {
        account.release(self, from: .table)
    }

    /// The most that it holds for datagrams: their bytes, two segments that are not full, and the slots twice, as while they move.
    var bytesLimit: Int {
        let allocatorRounding = 1_024
        let slots = 2 * lengths.capacityLimit * MemoryLayout<UInt16>.stride
        return bytes.capacityLimitBytes + 2 * ByteQueue.largestSegmentBytes + slots + allocatorRounding
    }

    /// Whether nothing waits.
    var isEmpty: Bool { lengths.isEmpty }

    /// The length of the oldest datagram; nil when none waits.
    var firstByteCount: Int? { lengths.isEmpty ? nil : Int(lengths[0]) }

    /// The memory that one more datagram of `byteCount` bytes may take: a segment, and the slots once more.
    func growthBytes(for byteCount: Int) -> Int {
        let allocatorRounding = 64
        let slots = max(8, 2 * lengths.capacity) * MemoryLayout<UInt16>.stride
        // A segment has as much room as the queue holds bytes, in powers of two.
        let segment = 2 * max(bytes.count, byteCount, ByteQueue.smallestSegmentBytes)
        return max(byteCount, min(segment, ByteQueue.largestSegmentBytes)) + slots + allocatorRounding
    }

    /// Puts a copy of `datagram` at the end. Where it does not fit, the oldest make room: a datagram that is late is worth less
    /// than one that is new, and nobody waits for a place.
    ///
    /// - Precondition: It is not longer than ``TransportConfiguration/queuedDatagramBytes``.
    func push(_ datagram: RawSpan) throws(ByteQueueError) {
        precondition(datagram.byteCount <= bytes.capacityLimitBytes, "a datagram that never fits")
        while lengths.count == lengths.capacityLimit || datagram.byteCount > bytes.freeBytes { dropFirst() }
        try bytes.append(datagram)
        lengths.push(UInt16(datagram.byteCount))
    }

    /// Takes the oldest datagram out, which is never sent.
    func dropFirst() {
        removeFirst()
        counts.dropped += 1
    }

    /// Takes the oldest datagram out, and frees what held it.
    func removeFirst() {
        guard let length = lengths.popFirst() else { return }
        bytes.release(upTo: bytes.baseOffset + UInt64(length))
    }

    /// Calls `body` with the bytes of the oldest datagram.
    func withFirst<Result>(_ body: (borrowing NativeVectors) -> Result) -> Result {
        bytes.withNativeVectors(from: bytes.baseOffset, limit: firstByteCount ?? 0, body)
    }

    /// Takes note of a packet, so that datagrams and streams begin in turns: whoever began the packet, and got something into it,
    /// goes second in the next one.
    func noteTurn(_ contents: PacketContents) {
        if contents.beginsWithDatagrams {
            if contents.datagramFrameCount > 0 { goesFirst = false }
        } else if contents.streamFrameCount > 0 {
            goesFirst = true
        }
    }
}

/// The application's frames in one packet.
struct PacketContents {
    var streamFrameCount = 0
    var datagramFrameCount = 0
    /// Whether datagrams were offered before stream data.
    var beginsWithDatagrams = false
}

/// The size of DATAGRAM frames. RFC 9221 §4.
enum DatagramFrame {
    /// The type of a frame and a length of one byte.
    private static let shortOverheadBytes = 2
    /// The type of a frame and a length of two bytes, as from 64 bytes on. RFC 9000 §16.
    private static let overheadBytes = 3
    private static let shortDatagramBytesLimit = 63
    /// The first byte, the longest packet number, and the authentication tag. RFC 9000 §17.3.1, RFC 9001 §5.3.
    static let packetOverheadBytes = 1 + 4 + 16

    /// The bytes of the longest datagram in a frame of `frameBytes` bytes; nil where there is no room for an empty one.
    static func largestDatagramBytes(in frameBytes: Int) -> Int? {
        guard frameBytes >= shortOverheadBytes else { return nil }
        return max(frameBytes - overheadBytes, min(shortDatagramBytesLimit, frameBytes - shortOverheadBytes))
    }

    /// The bytes of a frame with a datagram of `byteCount` bytes.
    static func byteCount(ofDatagram byteCount: Int) -> Int {
        byteCount + (byteCount > shortDatagramBytesLimit ? overheadBytes : shortOverheadBytes)
    }
}
