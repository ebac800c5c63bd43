/// The bytes of one stream, from the moment the application wrote them until the peer acknowledged them.
///
/// RFC 9000 §13.3: stream data that is lost is sent again. ngtcp2 does not copy it for that: it keeps pointers to it until
/// it is acknowledged, so a byte, once appended, never moves. That is why this is a queue of segments and not a ring
/// that reallocates.
///
/// Memory follows the bytes: the queue starts with none; a new segment has as much room as the queue holds bytes, within
/// 256 and 4 096, and near the limit about what the limit still allows; in a queue of more than 256 KiB it has
/// 8 192. A segment is freed as soon as its last byte is released, and everything when the queue is empty.
/// ``SharedBytes`` take a segment of 40 bytes that refers to them.
///
/// Owns: one block per segment. Released by: ``release(upTo:)``, the rest by `deinit`.
/// Bound: ``allocatedBytes`` ≤ ``count`` + 2 × *s* + 32 × ``allocatedBlocks``, where *s* is 4 096, and 8 192 where there were more than
/// 256 KiB: the room of the first and the last segment may be unused but for a byte; the head and the allocator's
/// rounding of a segment take at most 32 bytes.
@safe
public struct ByteQueue: ~Copyable {
    /// The room of the smallest segment, in bytes.
    public static let smallestSegmentBytes = 256
    /// The room of the largest segment of a queue of up to 256 KiB, in bytes.
    public static let largestSegmentBytes = 4_096
    /// The room of the largest segment, in bytes.
    ///
    /// The last segment may be empty but for a byte: a limit for the memory of a queue has to have room for that.
    public static let largestSegmentBytesOfLongQueue = 8_192
    /// The bytes of a queue from which on it is a long one.
    public static let longQueueBytes = 256 << 10
    /// The most ``SharedBytes`` that are copied, since a reference to them takes as much.
    public static let copiedBytesLimit = 64
    /// The most vectors ``withVectors(from:maximumBytes:_:)`` gives at once.
    ///
    /// They cover a packet of 1,472 bytes, whatever sizes the segments have: of those of 256 bytes it meets seven.
    public static let vectorLimit = 8

    /// The most bytes the queue takes.
    public let capacityLimitBytes: Int
    /// The stream offset of the first byte not released.
    public private(set) var baseOffset: UInt64 = 0
    /// The stream offset after the last byte appended.
    public private(set) var endOffset: UInt64 = 0
    /// The bytes held from the allocator, as it counts them.
    public private(set) var allocatedBytes = 0
    /// The blocks held from the allocator.
    public private(set) var allocatedBlocks = 0

    private var head: UnsafeMutablePointer<ByteSegment>?
    private var tail: UnsafeMutablePointer<ByteSegment>?
    /// The segment that ``withVectors(from:maximumBytes:_:)`` ended in: the next call mostly begins there.
    private var cursor: UnsafeMutablePointer<ByteSegment>?
    /// Retained once for the life of the queue: to count a reference around each segment costs more than to account for it.
    private let account: Unmanaged<MemoryAccount>?

    /// An empty queue, which holds no memory.
    ///
    /// - Parameters:
    ///   - capacityLimitBytes: The most bytes it takes, at least 1.
    ///   - account: Where its segments are charged, as ``MemoryClass/rings``.
    public init(capacityLimitBytes: Int, account: MemoryAccount? = nil) {
        precondition(capacityLimitBytes > 0)
        self.capacityLimitBytes = capacityLimitBytes
        unsafe self.account = account.map { unsafe Unmanaged.passRetained($0) }
    }

    deinit {
        var next = unsafe head
        while let segment = unsafe next {
            unsafe next = segment.pointee.next
            unsafe segment.free(account: account)
        }
        unsafe account?.release()
    }

    /// The bytes appended and not yet released.
    public var count: Int { Int(endOffset - baseOffset) }

    /// How many more bytes the queue takes now.
    public var freeBytes: Int { capacityLimitBytes - count }

    /// Whether every byte was released.
    public var isEmpty: Bool { endOffset == baseOffset }
}

extension ByteQueue {
    /// Appends a copy of `bytes`: all of them or, when it throws, none.
    ///
    /// - Throws: ``ByteQueueError/full`` when they are more than ``freeBytes``; ``ByteQueueError/outOfMemory``.
    public mutating func append(_ bytes: RawSpan) throws(ByteQueueError) {
        let start = endOffset
        unsafe try append(count: bytes.byteCount) { room, offset in
            let first = Int(offset - start)
            let piece = bytes.extracting(first..<(first + room.count))
            unsafe piece.withUnsafeBytes { unsafe room.copyMemory(from: $0) }
        }
    }

    /// Appends `shared`, of which it keeps a reference; all of them or, when it throws, none.
    ///
    /// They are copied where the last segment has room for them anyway, or where they are no more than ``copiedBytesLimit``.
    ///
    /// - Throws: ``ByteQueueError/full`` when they are more than ``freeBytes``; ``ByteQueueError/outOfMemory``.
    public mutating func append(_ shared: SharedBytes) throws(ByteQueueError) {
        guard shared.count > max(unusedBytes, Self.copiedBytesLimit) else {
            return try shared.withBytes { (bytes) throws(ByteQueueError) in try append(bytes) }
        }
        guard shared.count <= freeBytes else { throw .full }
        let segment = unsafe ByteSegment.allocate(startOffset: endOffset, referringTo: shared, account: account)
        guard let segment = unsafe segment else { throw .outOfMemory }
        // The room left in the last segment is less than these bytes, which take none: the bound holds.
        if let tail = unsafe tail { unsafe tail.cut(at: endOffset) }
        unsafe link(segment)
        endOffset += UInt64(shared.count)
    }

    /// The bytes that ``SharedBytes`` referred to hold, each counted for each segment; O(segments).
    package var sharedBytes: Int {
        var (bytes, next) = unsafe (0, head)
        while let segment = unsafe next {
            unsafe bytes += segment.shared?._withUnsafeGuaranteedRef { $0.heldBytes } ?? 0
            unsafe next = segment.pointee.next
        }
        return bytes
    }

    /// The room left in the last segment.
    private var unusedBytes: Int { unsafe tail.map { unsafe Int($0.endOffset - endOffset) } ?? 0 }

    /// Appends `count` bytes that `initialize` writes: all of them or, when it throws, none.
    ///
    /// - Parameter initialize: Fills the room it is given, whose first byte has the stream offset it is given. Called
    ///   once for each segment, in the order of the stream.
    /// - Throws: ``ByteQueueError/full`` when `count` is more than ``freeBytes``; ``ByteQueueError/outOfMemory``.
    @unsafe
    public mutating func append(
        count: Int,
        initializing initialize: (_ room: UnsafeMutableRawBufferPointer, _ offset: UInt64) -> Void
    ) throws(ByteQueueError) {
        precondition(count >= 0)
        guard count <= freeBytes else { throw .full }
        guard count > 0 else { return }
        var next = unsafe try reserve(count)
        let end = endOffset + UInt64(count)
        while endOffset < end, let segment = unsafe next {
            unsafe next = segment.pointee.next
            let pieceEnd = unsafe min(end, segment.endOffset)
            guard pieceEnd > endOffset else { continue }
            let piece = unsafe UnsafeMutableRawBufferPointer(
                start: segment.address(of: endOffset),
                count: Int(pieceEnd - endOffset)
            )
            unsafe initialize(piece, endOffset)
            endOffset = pieceEnd
        }
    }

    /// Releases every byte before the stream offset `offset`, and the memory that held only such bytes.
    ///
    /// - Precondition: `offset` is not beyond ``endOffset``.
    /// - Returns: The bytes released; 0 when `offset` is not beyond ``baseOffset``.
    @discardableResult
    public mutating func release(upTo offset: UInt64) -> Int {
        precondition(offset <= endOffset, "released bytes that were never appended")
        guard offset > baseOffset else { return 0 }
        let released = Int(offset - baseOffset)
        baseOffset = offset
        while let segment = unsafe head, unsafe isEmpty || segment.endOffset <= offset {
            unsafe head = segment.pointee.next
            unsafe discard(segment)
        }
        if unsafe head == nil { unsafe tail = nil }
        return released
    }

    /// Calls `body` with the bytes from the stream offset `offset` on, where they lie.
    ///
    /// The addresses stay valid, beyond the call, until the bytes are released. Nothing is allocated.
    ///
    /// - Parameters:
    ///   - offset: From ``baseOffset`` to ``endOffset``; there are no vectors at ``endOffset``.
    ///   - maximumBytes: The most bytes all vectors cover together.
    ///   - body: Takes at most ``vectorLimit`` vectors, none of them empty, in the order of the stream.
    /// - Complexity: O(1) when `offset` is not before the end of the last call, else O(segments before `offset`).
    @inlinable
    public mutating func withVectors<Result>(
        from offset: UInt64,
        maximumBytes: Int = .max,
        _ body: (UnsafeBufferPointer<ByteVector>) throws -> Result
    ) rethrows -> Result {
        precondition(offset >= baseOffset && offset <= endOffset, "read bytes the queue does not hold")
        precondition(maximumBytes >= 0)
        return try unsafe withUnsafeTemporaryAllocation(of: ByteVector.self, capacity: ByteQueue.vectorLimit) {
            let count = unsafe fill($0, from: offset, maximumBytes: maximumBytes)
            return try unsafe body(UnsafeBufferPointer(rebasing: $0[..<count]))
        }
    }

    /// Writes the vectors that cover the bytes from `offset` on and returns how many there are.
    @usableFromInline
    mutating func fill(
        _ vectors: UnsafeMutableBufferPointer<ByteVector>,
        from offset: UInt64,
        maximumBytes: Int
    ) -> Int {
        let end = offset + min(endOffset - offset, UInt64(maximumBytes))
        var (offset, count, next) = unsafe (offset, 0, segment(before: offset))
        while offset < end, count < vectors.count, let segment = unsafe next {
            unsafe cursor = segment
            unsafe next = segment.pointee.next
            let pieceEnd = unsafe min(end, segment.endOffset)
            guard pieceEnd > offset else { continue }
            unsafe vectors.initializeElement(
                at: count,
                to: ByteVector(base: segment.address(of: offset), count: Int(pieceEnd - offset))
            )
            count += 1
            offset = pieceEnd
        }
        return count
    }

    /// A segment that does not begin after the byte at `offset`, as near to it as is known.
    private func segment(before offset: UInt64) -> UnsafeMutablePointer<ByteSegment>? {
        guard let cursor = unsafe cursor, unsafe cursor.pointee.startOffset <= offset else { return unsafe head }
        return unsafe cursor
    }
}

extension ByteQueue {
    /// Makes room for `count` more bytes and returns the segment to begin with; changes nothing when it throws.
    private mutating func reserve(_ count: Int) throws(ByteQueueError) -> UnsafeMutablePointer<ByteSegment>? {
        let oldTail = unsafe tail
        var room = unusedBytes
        while room < count {
            guard let segment = unsafe addSegment(after: room, missing: count - room) else {
                unsafe removeSegments(after: oldTail)
                throw .outOfMemory
            }
            room += unsafe Int(segment.pointee.capacity)
        }
        return unsafe oldTail ?? head
    }

    /// Adds a segment behind `room` unused bytes; nil when there is no memory for it.
    private mutating func addSegment(after room: Int, missing: Int) -> UnsafeMutablePointer<ByteSegment>? {
        guard
            let segment = unsafe ByteSegment.allocate(
                startOffset: endOffset + UInt64(room),
                capacity: segmentCapacity(holding: copiedBytes + room, missing: missing),
                account: account
            )
        else { return nil }
        unsafe link(segment)
        return unsafe segment
    }

    /// The bytes that a new segment is measured by: none behind shared ones, or the few bytes between two of them would take as
    /// much room again.
    private var copiedBytes: Int {
        guard let tail = unsafe tail, unsafe tail.pointee.isReference else { return count }
        return 0
    }

    /// Puts `segment` behind the last one.
    private mutating func link(_ segment: UnsafeMutablePointer<ByteSegment>) {
        if let tail = unsafe tail { unsafe tail.pointee.next = segment } else { unsafe head = segment }
        unsafe tail = segment
        unsafe allocatedBytes += Int(segment.pointee.blockBytes)
        allocatedBlocks += 1
    }

    /// Removes the segments behind `last`, all of them for nil.
    private mutating func removeSegments(after last: UnsafeMutablePointer<ByteSegment>?) {
        var next = unsafe last.map { unsafe $0.pointee.next } ?? head
        unsafe tail = last
        if let last = unsafe last { unsafe last.pointee.next = nil } else { unsafe head = nil }
        while let segment = unsafe next {
            unsafe next = segment.pointee.next
            unsafe discard(segment)
        }
    }

    private mutating func discard(_ segment: UnsafeMutablePointer<ByteSegment>) {
        if unsafe cursor == segment { unsafe cursor = nil }
        unsafe allocatedBytes -= Int(segment.pointee.blockBytes)
        allocatedBlocks -= 1
        unsafe segment.free(account: account)
    }

    /// The room of a new segment when the segments there are hold `heldBytes` and `missing` more have to fit.
    private func segmentCapacity(holding heldBytes: Int, missing: Int) -> Int {
        let allowedBytes = capacityLimitBytes - heldBytes
        // An eighth at least: a full queue that is released and refilled byte by byte must not fall into tiny segments.
        let wanted = max(missing, min(heldBytes, allowedBytes), heldBytes / 8)
        if wanted <= ByteQueue.smallestSegmentBytes { return ByteQueue.smallestSegmentBytes }
        let largest = Self.largestSegmentBytes(holding: heldBytes)
        if wanted >= largest { return largest }
        return 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount)
    }

    /// The room of the largest segment when the segments there are hold `heldBytes`.
    public static func largestSegmentBytes(holding heldBytes: Int) -> Int {
        heldBytes > longQueueBytes ? largestSegmentBytesOfLongQueue : largestSegmentBytes
    }
}
