public import QUICTransport
public import QUICWorkers
import Synchronization

/// Why a stream's bytes end before its peer's FIN, or why no more can be written.
public enum ByteStreamError: Error, Sendable, Hashable {
    /// The peer, or this side, reset the stream. RFC 9000 §3.5.
    case reset(code: UInt64)
    /// Our half has ended.
    case finished
    /// The connection has ended.
    case connectionEnded
    /// There is no memory for the bytes.
    case outOfMemory
    /// Another task reads it.
    case readInProgress
    /// Another task writes to it.
    case writeInProgress
}

/// One stream as an asynchronous sequence of chunks, with a `write` that suspends while there is no room.
///
/// The peer gets credit for a chunk when it is taken, so a consumer that never reads holds no more than the stream's window. A task
/// that is cancelled while it reads or writes resets the stream.
///
/// Owns: the chunks that were not taken, and what one `write` could not hand over yet, in the application's memory and not in the
/// ledger. Released by: reading, and the last reference after the end of the stream. Bound: twice the stream's receive window, since
/// arrays grow in powers of two, and one write.
public final class ByteStream: Sendable {
    /// Its number.
    public let id: StreamID
    /// Whether the peer, a client, opened it before its handshake was complete: what arrives on it may be a replay.
    /// ``QUICTLS/EarlyDataConfiguration``.
    public let arrivedEarly: Bool
    /// The worker on whose thread tasks use it best.
    public let worker: WorkerReference
    private let source: Source
    private let state = Mutex(State())

    /// The error code of streams whose task was cancelled.
    public static let cancelledCode: UInt64 = 0

    /// The transport's stream, which belongs to the worker's thread.
    private final class Source: @unchecked Sendable {
        /// Nil while nothing of it has arrived.
        var stream: QUICTransport.Stream?
        init(_ stream: QUICTransport.Stream?) { self.stream = stream }
    }

    private typealias Chunk = Result<[UInt8]?, any Error>

    private typealias Waiter<Success> = TaskWaiter<Result<Success, any Error>>

    private struct State {
        var chunks: [[UInt8]] = []
        /// How reading ends, after the chunks.
        var end: Chunk?
        var reader: Waiter<[UInt8]?>?
        /// Bytes of chunks that were taken, for which the peer has no credit yet.
        var creditBytes = 0
        var outgoing: Outgoing?
        /// Why nothing can be written any more.
        var writeError: ByteStreamError?
        var resetCode: UInt64?
        var isTaken = false
        var isPumpRequested = false
        var priority = Setting(StreamPriority())
        var holdsUpDrain = Setting(true)

        /// Keeps bytes that nobody has asked for. A peer that sends single bytes does not make as many chunks.
        mutating func append(_ bytes: [UInt8]) {
            if let last = chunks.indices.last, chunks[last].count < ByteStream.joinedBytesLimit {
                chunks[last] += bytes
            } else {
                chunks.append(bytes)
            }
        }
    }

    /// A property of the transport's stream, which may be set while there is none yet, and on any thread.
    private struct Setting<Value: Equatable & Sendable> {
        private(set) var value: Value
        /// Whether the transport does not know it yet.
        private var isNew = false

        init(_ value: Value) { self.value = value }

        /// Changes it; false where that changes nothing.
        mutating func set(_ newValue: Value) -> Bool {
            guard value != newValue else { return false }
            (value, isNew) = (newValue, true)
            return true
        }

        /// The value that the transport does not know yet, which is told of it now; nil where it knows.
        mutating func take() -> Value? {
            defer { isNew = false }
            return isNew ? value : nil
        }
    }

    /// Chunks below this length grow while they wait.
    private static let joinedBytesLimit = 16 << 10

    private struct Outgoing {
        let bytes: [UInt8]
        /// The same bytes, where they are sent without copies.
        var broadcast: BroadcastBytes?
        var offset = 0
        let writer: Waiter<Void>
    }

    init(_ stream: QUICTransport.Stream, worker: WorkerReference) {
        id = stream.id
        arrivedEarly = stream.arrivedEarly
        source = Source(stream)
        self.worker = worker
    }

    /// A stream of the peer's of which nothing has arrived yet: a later one has. RFC 9000 §3.2.
    init(expecting id: StreamID, arrivedEarly: Bool, worker: WorkerReference) {
        self.id = id
        self.arrivedEarly = arrivedEarly
        source = Source(nil)
        self.worker = worker
    }

    /// The first of it has arrived, on the worker's thread.
    func bind(to stream: QUICTransport.Stream) {
        source.stream = stream
        stream.context = self
        // Streams that nobody takes are bounded by those that the peer may open.
        stream.holdPlace()
        pump()
    }
}

// MARK: - Reading

extension ByteStream: AsyncSequence {
    /// The chunks of a stream.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let stream: ByteStream

        /// The next bytes; nil after the peer's FIN.
        ///
        /// - Throws: ``ByteStreamError``, or `CancellationError`.
        public mutating func next() async throws -> [UInt8]? { try await stream.next() }
    }

    /// The bytes that arrive from now on. One task at a time may take them.
    public func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

    private func next() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            await TaskWaiter.wait { reader in
                if let ready = takeChunk(or: reader) { reader.resume(returning: ready) }
            }
        } onCancel: {
            cancel()
        }.get()
    }

    private func takeChunk(or reader: Waiter<[UInt8]?>) -> Chunk? {
        let (ready, owesCredit): (Chunk?, Bool) = state.withLock { state in
            if Task.isCancelled { return (.failure(CancellationError()), false) }
            if !state.chunks.isEmpty {
                let chunk = state.chunks.removeFirst()
                state.creditBytes += chunk.count
                return (.success(chunk), true)
            }
            if let end = state.end { return (end, false) }
            guard state.reader == nil else { return (.failure(ByteStreamError.readInProgress), false) }
            state.reader = reader
            return (nil, false)
        }
        if owesCredit { requestPump() }
        return ready
    }

    /// Bytes arrived, on the worker's thread.
    func deliver(_ bytes: [UInt8], isFinal: Bool) {
        let (reader, chunk, creditBytes): (Waiter<[UInt8]?>?, Chunk, Int) = state.withLock { state in
            if isFinal { state.end = state.end ?? .success(nil) }
            guard !bytes.isEmpty else { return (isFinal ? state.reader.take() : nil, .success(nil), 0) }
            if let reader = state.reader.take() { return (reader, .success(bytes), bytes.count) }
            state.append(bytes)
            return (nil, .success(nil), 0)
        }
        if creditBytes > 0 { source.stream?.extendCredit(creditBytes) }
        reader?.resume(returning: chunk)
    }
}

// MARK: - Writing

extension ByteStream {
    /// When it is served, beside the other streams of its connection that have something to send: for what is written from now on, and
    /// for the bytes that wait. May be set from any task, at any time; beyond the stream's end it has no effect.
    public var priority: StreamPriority {
        get { state.withLock { $0.priority.value } }
        set { if state.withLock({ $0.priority.set(newValue) }) { requestPump() } }
    }

    /// Whether a server that drains waits for its end, as by default. It does not for a stream that lasts as long as its connection, such
    /// as the control stream of HTTP/3: RFC 9114 §6.2.1. May be set from any task, at any time; beyond the stream's end it has no effect.
    public var holdsUpDrain: Bool {
        get { state.withLock { $0.holdsUpDrain.value } }
        set { if state.withLock({ $0.holdsUpDrain.set(newValue) }) { requestPump() } }
    }

    /// Sends `bytes`; returns when all of them are in the stream's queue, and suspends while there is no room.
    ///
    /// - Throws: ``ByteStreamError``, or `CancellationError`, after which the stream is reset.
    public func write(_ bytes: [UInt8]) async throws {
        let isWritten =
            try worker.isCurrent
            && writeAtOnce(bytes.count) { stream throws(StreamError) in
                try stream.write(bytes)
            }
        if !isWritten { try await writeWaiting { Outgoing(bytes: bytes, writer: $0) } }
    }

    /// Sends `bytes`, which the stream's worker has once for all of its streams, as ``write(_:)-([UInt8])`` does.
    ///
    /// Bytes for which the stream has no room at once, even with nothing else in its queue, are copied piece by piece.
    ///
    /// - Throws: ``ByteStreamError``, or `CancellationError`, after which the stream is reset.
    public func write(_ bytes: BroadcastBytes) async throws {
        let isWritten =
            try worker.isCurrent
            && writeAtOnce(bytes.count) { stream throws(StreamError) in
                try stream.write(bytes)
            }
        if !isWritten { try await writeWaiting { Outgoing(bytes: bytes.bytes, broadcast: bytes, writer: $0) } }
    }

    /// Waits until what `outgoing` makes of its writer is in the stream's queue.
    private func writeWaiting(
        _ outgoing: (Waiter<Void>) -> Outgoing
    ) async throws {
        try await withTaskCancellationHandler {
            await TaskWaiter.wait { writer in
                if let failure = put(outgoing(writer)) {
                    writer.resume(returning: .failure(failure))
                } else {
                    requestPump()
                }
            }
        } onCancel: {
            cancel()
        }.get()
    }

    /// Sends `text` in UTF-8, as ``write(_:)-([UInt8])`` does.
    public func write(_ text: String) async throws {
        try await write(Array(text.utf8))
    }

    /// Ends our half after what was written: FIN. RFC 9000 §19.8.
    public func finish() {
        state.withLock { $0.writeError = $0.writeError ?? .finished }
        requestPump()
    }

    /// Ends both halves at once. RFC 9000 §2.4.
    ///
    /// - Parameter code: The application's error code, below 2^62.
    public func reset(code: UInt64) {
        end(with: ByteStreamError.reset(code: code), resetCode: code)
    }

    private func cancel() {
        end(with: CancellationError(), resetCode: Self.cancelledCode)
    }

    /// Hands all of `count` bytes over with `write`, without suspending, on the worker's thread; false when they have to wait.
    private func writeAtOnce(
        _ count: Int,
        _ write: (QUICTransport.Stream) throws(StreamError) -> Void
    ) throws -> Bool {
        if Task.isCancelled { return false }
        let mayWrite = try state.withLock { state in
            if let error = state.writeError { throw error }
            return state.outgoing == nil
        }
        guard mayWrite, let stream = source.stream, stream.writableBytes >= count else { return false }
        return (try? write(stream)) != nil
    }

    private func put(_ outgoing: Outgoing) -> (any Error)? {
        state.withLock { state in
            if Task.isCancelled { return CancellationError() }
            if let error = state.writeError { return error }
            guard state.outgoing == nil else { return ByteStreamError.writeInProgress }
            state.outgoing = outgoing
            return nil
        }
    }
}

// MARK: - On the worker's thread

extension ByteStream {
    /// Has ``pump()`` called on the worker's thread, soon.
    private func requestPump() {
        if worker.isCurrent { return pump() }
        let isFirst = state.withLock { state in
            defer { state.isPumpRequested = true }
            return !state.isPumpRequested
        }
        guard isFirst else { return }
        Task(executorPreference: worker.taskExecutor) {
            // Elsewhere it runs where the worker has ended, and the stream with it.
            if self.worker.isCurrent { self.pump() } else { self.failWriter(.connectionEnded) }
        }
    }

    /// Does the things that tasks have asked for.
    private func pump() {
        guard let stream = source.stream else { return state.withLock { $0.isPumpRequested = false } }
        let (creditBytes, resetCode, isTaken, priority, holdsUpDrain) = state.withLock { state in
            state.isPumpRequested = false
            defer { (state.creditBytes, state.resetCode) = (0, nil) }
            return (
                state.creditBytes, state.resetCode, state.isTaken, state.priority.take(), state.holdsUpDrain.take()
            )
        }
        if let priority { stream.priority = priority }
        if let holdsUpDrain { stream.holdsUpDrain = holdsUpDrain }
        if isTaken { stream.releasePlace() }
        if creditBytes > 0 { stream.extendCredit(creditBytes) }
        if let resetCode { stream.reset(code: resetCode) }
        writeOutgoing()
    }

    /// The transport has room again, or there is something to write.
    func writeOutgoing() {
        guard let stream = source.stream else { return }
        while true {
            let (waiting, writeError) = state.withLock { ($0.outgoing, $0.writeError) }
            guard let outgoing = waiting else {
                if writeError == .finished { stream.finish() }
                return
            }
            let end = outgoing.offset + Swift.min(stream.writableBytes, outgoing.bytes.count - outgoing.offset)
            guard end > outgoing.offset || outgoing.bytes.isEmpty else { return }
            let isWhole = end - outgoing.offset == outgoing.bytes.count
            // With what is acknowledged next there may be room for all of them.
            if outgoing.broadcast != nil, outgoing.offset == 0, !isWhole, stream.unacknowledgedBytes > 0 { return }
            do throws(StreamError) {
                if isWhole, let broadcast = outgoing.broadcast {
                    try stream.write(broadcast)
                } else {
                    unsafe try stream.write(outgoing.bytes.span.bytes.extracting(outgoing.offset..<end))
                }
            } catch .full {
                return
            } catch {
                return failWriter(error == .outOfMemory ? .outOfMemory : .finished)
            }
            let writer = state.withLock { state -> Waiter<Void>? in
                state.outgoing?.offset = end
                return end == outgoing.bytes.count ? state.outgoing.take()?.writer : nil
            }
            writer?.resume(returning: .success(()))
        }
    }

    private func failWriter(_ error: ByteStreamError) {
        let writer = state.withLock { state in
            state.writeError = state.writeError ?? error
            return state.outgoing.take()?.writer
        }
        writer?.resume(returning: .failure(error))
    }

    /// A task has taken the stream: the peer may open another in its place once it has closed.
    func wasTaken() {
        state.withLock { $0.isTaken = true }
        requestPump()
    }

    /// Whether everything up to the peer's FIN has arrived, and can be read.
    var isWhole: Bool {
        state.withLock { state in
            if case .success = state.end { return true }
            return false
        }
    }

    /// The stream is closed.
    func didClose() {
        end(with: ByteStreamError.connectionEnded, resetCode: nil)
    }

    /// Ends reading and writing, unless they have ended already.
    ///
    /// - Parameter resetCode: The code to reset the stream with, which drops the chunks that wait; nil where it is closed.
    private func end(with failure: any Error, resetCode: UInt64?) {
        let (reader, end, writer) = state.withLock { state in
            let end = state.end ?? .failure(failure)
            state.end = end
            state.writeError = state.writeError ?? resetCode.map { .reset(code: $0) } ?? .connectionEnded
            if let resetCode {
                state.creditBytes += state.chunks.reduce(0) { $0 + $1.count }
                state.chunks = []
                state.resetCode = resetCode
            }
            return (state.reader.take(), end, state.outgoing.take()?.writer)
        }
        reader?.resume(returning: end)
        writer?.resume(returning: .failure(failure))
        if resetCode != nil { requestPump() }
    }
}
