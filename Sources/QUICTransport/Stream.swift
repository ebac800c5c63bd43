public import BoundedMemory
import FaultInjection

/// One stream: the bytes we owe the peer, and the credit the peer has with us. RFC 9000 §2.
///
/// One of the peer's that is unidirectional takes no writes, and ends with the peer's half.
///
/// Owns: the bytes written and not yet acknowledged, and itself (about 200 bytes). Released by: acknowledgement, or the
/// end of the stream. Bound: ``writableBytes``.
@safe
public final class Stream {
    // Not checked for exclusive access: one thread uses a stream, and none of these is changed by a method that calls out.

    /// Its number.
    public let id: StreamID
    /// An object that the service keeps for this stream; nil at first, and again after ``StreamService/streamDidClose(_:)``.
    public var context: AnyObject?
    /// Bytes received in order so far.
    @safe @exclusivity(unchecked) public private(set) var receivedBytes: UInt64 = 0
    /// Whether bytes of it arrived before the handshake was complete. They may be a replay: ``QUICTLS/EarlyDataConfiguration``. False at a client.
    public private(set) var arrivedEarly = false
    /// Whether both halves have ended, or the connection has: writes go nowhere.
    @safe @exclusivity(unchecked) public private(set) var isClosed = false

    /// The connection this stream belongs to, which closes it at its own end at the latest.
    ///
    /// They keep each other alive until the stream is closed; a stream that is kept for longer keeps what is left of its
    /// connection, which answers as one that has ended.
    public let connection: Connection
    /// Whether ``reset(code:)`` ended it: what still arrives is not for the service.
    @safe @exclusivity(unchecked) private(set) var isReset = false
    /// Whether the peer reads no more of it: nothing further can be sent.
    @safe @exclusivity(unchecked) private var isStopped = false
    /// How far ahead of what was consumed the peer may send.
    @safe @exclusivity(unchecked) var window: ReceiveWindow
    @safe @exclusivity(unchecked) private var queue: ByteQueue
    @safe @exclusivity(unchecked) private var generatedBytes: UInt64 = 0
    @safe @exclusivity(unchecked) private var sentOffset: UInt64 = 0
    @safe @exclusivity(unchecked) private var acknowledgedOffset: UInt64 = 0
    @safe @exclusivity(unchecked) private var isFinished = false
    @safe @exclusivity(unchecked) private var isFinSent = false
    private var place = Place.returnedAtClose

    /// When the peer may open another stream in place of this one.
    private enum Place {
        case returnedAtClose
        case held
        /// The stream has closed.
        case owed
    }

    /// When it is served, beside the other streams of its connection that have something to send. May change at any time.
    @safe @exclusivity(unchecked) public var priority = StreamPriority() {
        didSet { if priority != oldValue { connection.resort(self) } }
    }

    /// Whether a server that drains waits for its end, as by default. It does not for a stream that lasts as long as its connection,
    /// such as the control stream of HTTP/3: RFC 9114 §6.2.1.
    public var holdsUpDrain = true {
        didSet { if holdsUpDrain != oldValue { _ = connection.beginCommand() } }
    }

    /// The next stream in the queue of those with something to send.
    @safe @exclusivity(unchecked) var nextQueued: Stream?
    @safe @exclusivity(unchecked) var isQueued = false
    /// The neighbours in the list of open streams.
    var nextOpen: Stream?
    unowned var previousOpen: Stream?

    init(id: StreamID, connection: Connection) {
        self.id = id
        self.connection = connection
        window = ReceiveWindow(initialBytes: connection.configuration.streamWindow.initialBytes)
        queue = ByteQueue(
            capacityLimitBytes: connection.configuration.connectionBytesLimit,
            account: connection.account
        )
        // Nothing is sent on a stream that the peer alone sends on. RFC 9000 §2.1.
        isFinished = !id.isBidirectional && id.isClientInitiated == (connection.role == .server)
        isFinSent = isFinished
        connection.account.charge(self, to: .table)
    }

    /// The bytes written here and not yet acknowledged, generated ones included.
    public var unacknowledgedBytes: UInt64 { endOffset - acknowledgedOffset }

    /// Lets the peer open no other stream in place of this one, even when this one has closed, until ``releasePlace()``: for a service
    /// that keeps what arrived on it. RFC 9000 §4.6.
    public func holdPlace() {
        guard place == .returnedAtClose, !isClosed else { return }
        place = .held
    }

    /// Lets the peer open another stream in place of this one: at once where this one has closed, and else when it does.
    public func releasePlace() {
        if place == .owed { connection.returnPlace(of: self) }
        place = .returnedAtClose
    }

    /// The stream closes.
    ///
    /// - Returns: Whether the peer may open another one now.
    func givesUpPlace() -> Bool {
        if place == .held { place = .owed }
        return place == .returnedAtClose
    }

    /// How many bytes ``write(_:)-(RawSpan)`` takes at the moment: two congestion windows less what is queued, within what the
    /// connection may hold. What was received and not given back always fits, so that an echo does.
    public var writableBytes: Int {
        if isClosed || isFinished { return 0 }
        let ownBytes = connection.queueLimit(holding: queue.count)
        return min(queue.freeBytes, max(0, max(ownBytes, Int(unconsumedBytes)) - queue.count))
    }

    /// Sends `bytes`, copied into memory that stays until the peer acknowledges them.
    ///
    /// - Throws: `.full` when they exceed ``writableBytes``, `.outOfMemory` when the connection may not hold them,
    ///   `.finished` after ``finish()``. Nothing is sent then.
    public func write(_ bytes: RawSpan) throws(StreamError) {
        try prepareToQueue(bytes.byteCount)
        do throws(ByteQueueError) { try queue.append(bytes) } catch { throw StreamError(error) }
        connection.streamHasOutput(self)
    }

    /// Sends `bytes`, which stay where they are until the peer has acknowledged them: any number of streams can send the same ones.
    ///
    /// They count to the limits of this connection as if they were copied. Those of another worker are.
    ///
    /// - Throws: As ``write(_:)-(RawSpan)`` does; nothing is sent then.
    public func write(_ bytes: SharedBytes) throws(StreamError) {
        guard bytes.isCharged(to: connection.environment.ledger) else {
            return try bytes.withBytes { (copied) throws(StreamError) in try write(copied) }
        }
        try write(bytes.count) { bytes }
    }

    /// Sends `bytes` as ``write(_:)-(SharedBytes)`` does: this worker has them once, whichever of its streams send them.
    ///
    /// - Throws: As ``write(_:)-(RawSpan)`` does; nothing is sent then.
    public func write(_ bytes: BroadcastBytes) throws(StreamError) {
        let ledger = connection.environment.ledger
        try write(bytes.count) { () throws(ByteQueueError) in try bytes.shared(in: ledger) }
    }

    /// Sends the `count` bytes of this worker's that `shared` gives, which is asked once there is room for them.
    private func write(_ count: Int, _ shared: () throws(ByteQueueError) -> SharedBytes) throws(StreamError) {
        try prepareToQueue(count)
        do throws(ByteQueueError) { try queue.append(shared()) } catch { throw StreamError(error) }
        connection.streamHasOutput(self)
    }

    /// Makes sure that the queue may take `count` bytes more.
    private func prepareToQueue(_ count: Int) throws(StreamError) {
        guard !isFinished, !isClosed, !isStopped, generatedBytes == 0 else { throw .finished }
        // An echo is within the window, for which there is room.
        if queue.count + count > Int(unconsumedBytes) {
            guard count <= writableBytes else { throw .full }
            connection.makeRoom(forQueued: count)
        }
    }

    /// Sends `count` bytes of a fixed pattern, which take no memory however many they are, and then ends our half.
    public func finish(generating count: UInt64) throws(StreamError) {
        guard !isFinished, !isClosed else { throw .finished }
        generatedBytes = count
        finish()
    }

    /// Ends our half after the last byte written: FIN. RFC 9000 §19.8.
    public func finish() {
        guard !isFinished, !isClosed else { return }
        isFinished = true
        connection.streamHasOutput(self)
    }

    /// Ends both halves at once: RESET_STREAM and STOP_SENDING. RFC 9000 §2.4.
    ///
    /// - Parameter code: The application's error code, below 2^62; larger ones are sent as the largest.
    public func reset(code: UInt64) {
        guard !isClosed, !isReset else { return }
        isFinished = true
        isReset = true
        if connection.resetStream(self, code: min(code, ClosingDetails.largestCode)) { releaseUnacknowledged() }
    }

    /// Lets the peer send `count` bytes more, on this stream and on the connection. RFC 9000 §4.1.
    ///
    /// No more is given back than was received: of a service that answers with more bytes than it got, and gives back as many as are
    /// released, the rest is ignored. So is everything for a stream that has closed.
    public func extendCredit(_ count: Int) {
        precondition(count >= 0, "credit is given, not taken")
        let owedBytes = min(count, Int(unconsumedBytes))
        if isClosed || owedBytes == 0 { return }
        connection.consume(owedBytes, of: self)
    }
}

extension Stream {
    /// Bytes received that the application has not given back yet.
    var unconsumedBytes: UInt64 { receivedBytes - window.consumedOffset }

    /// The bytes that the application has handled and that its window has not taken note of.
    var newlyHandledBytes: Int {
        let offset = window.consumedOffset + min(unconsumedBytes, UInt64(queue.count))
        return offset > window.handledOffset ? Int(offset - window.handledOffset) : 0
    }

    /// The bytes received that the application has not handled.
    var unhandledBytes: Int { Int(receivedBytes - window.handledOffset) }

    /// Whether there is something left to hand to the transport.
    var hasOutput: Bool {
        !isClosed && !isReset && !isStopped && (sentOffset < endOffset || (isFinished && !isFinSent))
    }

    private var endOffset: UInt64 { queue.endOffset + generatedBytes }

    func noteEarlyArrival() {
        arrivedEarly = true
    }

    /// Nothing was sent, since the server has rejected early data.
    func rewind() {
        precondition(acknowledgedOffset == 0, "early data that was rejected is not acknowledged")
        sentOffset = 0
        isFinSent = false
    }

    /// The bytes that are shared with other streams, as ``MemoryAccount/sharedBytes`` counts them.
    var sharedBytes: Int { queue.sharedBytes }

    func didReceive(_ count: Int) {
        receivedBytes += UInt64(count)
    }

    /// Calls `body` with the next bytes to send, at most `limit`, and whether the stream ends with them.
    func withOutput<Result>(limit: Int, _ body: (borrowing NativeVectors, _ isFinal: Bool) -> Result) -> Result {
        guard sentOffset >= queue.endOffset else {
            let pendingBytes = queue.endOffset - sentOffset
            let endsWithQueue = isFinished && generatedBytes == 0
            return queue.withNativeVectors(from: sentOffset, limit: limit) { bytes in
                body(bytes, endsWithQueue && UInt64(bytes.byteCount) == pendingBytes)
            }
        }
        let position = sentOffset - queue.endOffset
        let remaining = generatedBytes - position
        guard remaining > 0 else { return body(NativeVectors(), isFinished) }
        let patternLimit = Int(min(remaining, UInt64(limit)))
        return SharedPattern.shared.withNativeVectors(at: position, limit: patternLimit) { bytes in
            body(bytes, isFinished && UInt64(bytes.byteCount) == remaining)
        }
    }

    /// The transport took `count` bytes, and the end of the stream when `isFinal`.
    func didSend(_ count: Int, isFinal: Bool) {
        sentOffset += UInt64(count)
        if isFinal { isFinSent = true }
    }

    /// The peer reads no more.
    func stop() {
        isStopped = true
        releaseUnacknowledged()
    }

    /// Gives up every byte: ngtcp2 sends none of a stream again after RESET_STREAM. RFC 9000 §13.3.
    private func releaseUnacknowledged() {
        queue.release(upTo: queue.endOffset)
    }

    /// The peer acknowledged everything before `offset`.
    ///
    /// - Returns: How many bytes that is more than before.
    func didAcknowledge(upTo offset: UInt64) -> Int {
        let newlyAcknowledged = offset > acknowledgedOffset ? offset - acknowledgedOffset : 0
        acknowledgedOffset += newlyAcknowledged
        queue.release(upTo: min(acknowledgedOffset, queue.endOffset))
        return Int(newlyAcknowledged)
    }

    /// Ends the stream on our side; the bytes go with it.
    func close() {
        isClosed = true
        if FaultInjection.leaksRing(if: !queue.isEmpty && connection.role == .server) {
            return FaultInjection.leak(self)
        }
        releaseUnacknowledged()
        connection.account.release(self, from: .table)
    }
}

// For applications that have their bytes in arrays and strings.
extension Stream {
    /// Sends `bytes`, as ``write(_:)-(RawSpan)`` does.
    public func write(_ bytes: [UInt8]) throws(StreamError) {
        try bytes.withRawSpan { bytes throws(StreamError) in try write(bytes) }
    }

    /// Sends `text` in UTF-8, as ``write(_:)-(RawSpan)`` does.
    public func write(_ text: String) throws(StreamError) {
        try write(Array(text.utf8))
    }
}
