/// Datagrams on their way out, in one flat buffer: what an endpoint fills and a socket sends.
///
/// Owns: one buffer of `datagramCapacity × datagramBytesLimit` bytes. Released by: `deinit`.
/// Bound: never grows; ``isFull`` says when to send.
@safe
public final class TransmitBatch {
    /// One datagram of the batch.
    public struct Entry: Sendable {
        /// Where in the batch's buffer the datagram starts.
        public let offset: Int
        /// The datagram's length in bytes.
        public let count: Int
        /// Between which addresses it goes.
        public let path: NetworkPath
        /// The ECN mark it carries.
        public let ecn: ECN
    }

    /// The largest datagram a batch takes, in bytes: what an Ethernet path carries.
    public static let datagramBytesLimit = 1_500

    // Not checked: nothing here calls out while it changes them, and a batch is asked several times for each datagram.

    /// The datagrams, in the order they were added.
    @safe @exclusivity(unchecked) public private(set) var entries: [Entry] = []

    private let buffer: UnsafeMutableRawBufferPointer
    private let datagramCapacity: Int
    @safe @exclusivity(unchecked) private var usedBytes = 0

    /// A batch with room for `datagramCapacity` datagrams of up to ``datagramBytesLimit`` bytes each.
    public init(datagramCapacity: Int = 64) {
        precondition(datagramCapacity > 0)
        self.datagramCapacity = datagramCapacity
        unsafe buffer = .allocate(byteCount: datagramCapacity * Self.datagramBytesLimit, alignment: 16)
        entries.reserveCapacity(datagramCapacity)
    }

    deinit {
        unsafe buffer.deallocate()
    }

    /// Whether no further datagram fits: room that ``removeFirst(_:)`` freed counts again once the batch is empty.
    public var isFull: Bool {
        entries.count == datagramCapacity
            || usedBytes + Self.datagramBytesLimit > datagramCapacity * Self.datagramBytesLimit
    }

    /// Whether there is nothing to send.
    public var isEmpty: Bool { entries.isEmpty }

    /// The number of datagrams.
    public var count: Int { entries.count }

    /// The datagram at `position`, without a reference to all of them as ``entries`` is.
    public subscript(position: Int) -> Entry { entries[position] }

    /// Appends one datagram that `write` puts into the free space it is given.
    ///
    /// - Parameter write: Writes at most ``datagramBytesLimit`` bytes and returns how many, with where they go; nil to
    ///   append nothing.
    /// - Precondition: The batch is not ``isFull``.
    /// - Returns: The bytes appended, 0 for none.
    @discardableResult
    public func append(_ write: (UnsafeMutableRawBufferPointer) -> (count: Int, path: NetworkPath, ecn: ECN)?) -> Int {
        precondition(!isFull, "the batch is full: send it first")
        let space = unsafe UnsafeMutableRawBufferPointer(
            rebasing: buffer[usedBytes..<(usedBytes + Self.datagramBytesLimit)]
        )
        guard let written = unsafe write(space), written.count > 0 else { return 0 }
        precondition(written.count <= Self.datagramBytesLimit)
        entries.append(Entry(offset: usedBytes, count: written.count, path: written.path, ecn: written.ecn))
        usedBytes += written.count
        return written.count
    }

    /// Appends a copy of `datagram`.
    public func append(copying datagram: RawSpan, path: NetworkPath, ecn: ECN = .notCapable) {
        let count = datagram.byteCount
        precondition(count <= Self.datagramBytesLimit)
        unsafe append { space in
            unsafe datagram.withUnsafeBytes { unsafe space.copyMemory(from: $0) }
            return (count, path, ecn)
        }
    }

    /// Moves as many datagrams as fit to the end of `other`.
    public func move(into other: TransmitBatch) {
        if isEmpty { return }
        var moved = 0
        for entry in entries where !other.isFull {
            withBytes(of: entry) { other.append(copying: $0, path: entry.path, ecn: entry.ecn) }
            moved += 1
        }
        removeFirst(moved)
    }

    /// Calls `body` with the bytes of one entry.
    public func withBytes<Result>(of entry: Entry, _ body: (RawSpan) throws -> Result) rethrows -> Result {
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer[entry.offset..<(entry.offset + entry.count)])
        return try body(unsafe bytes.bytes)
    }

    /// The start of the buffer that ``Entry/offset`` counts from, for the socket that sends the batch.
    @unsafe
    public var baseAddress: UnsafeMutableRawPointer? { unsafe buffer.baseAddress }

    /// Removes the first `count` datagrams, which were sent; the rest stay where they are.
    public func removeFirst(_ count: Int) {
        precondition(count <= entries.count, "there are no more datagrams")
        guard count < entries.count else { return removeAll() }
        entries.removeFirst(count)
    }

    /// Removes every datagram and keeps the buffer.
    public func removeAll() {
        entries.removeAll(keepingCapacity: true)
        usedBytes = 0
    }
}
