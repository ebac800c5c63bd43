/// Takes work for the connections of one endpoint from any thread, and has it done on theirs.
public protocol ConnectionExecutor: AnyObject, Sendable {
    /// Has `body` called with the connection named `handle` on the thread of that connection, unless it has ended by then.
    ///
    /// - Parameters:
    ///   - byteCount: The bytes that `body` keeps while it waits, for the executor's bound.
    ///   - broadcast: Bytes that it keeps as well, which count once for all bodies that wait with them.
    ///   - body: Called once at most.
    /// - Throws: ``WorkError`` when it takes no more; `body` is not called then.
    func perform(
        on handle: ConnectionHandle,
        keeping byteCount: Int,
        and broadcast: BroadcastBytes?,
        _ body: @escaping @Sendable (Connection) -> Void
    ) throws(WorkError)
}

/// Why work for another thread was not taken.
public enum WorkError: Error, Sendable, Hashable {
    /// Too much waits for that thread already.
    case full
    /// That thread has ended, or there is none.
    case ended
}

/// A connection as other threads see it: work for it is sent to its own thread.
///
/// It keeps nothing of the connection alive, and may be kept beyond the connection's end: then it names nothing, and work for it is
/// dropped. Work from one thread is done in order. Waiting work is bounded for each worker, in number and in bytes.
public struct ConnectionReference: Sendable {
    private let handle: ConnectionHandle
    private let executor: (any ConnectionExecutor)?

    init(_ handle: ConnectionHandle, executor: (any ConnectionExecutor)?) {
        self.handle = handle
        self.executor = executor
    }

    /// Calls `body` with the connection on its own thread, unless it has ended by then.
    ///
    /// - Parameter byteCount: The bytes that `body` keeps while it waits.
    /// - Throws: ``WorkError`` when it will not be called.
    public func perform(
        keeping byteCount: Int = 0,
        _ body: @escaping @Sendable (Connection) -> Void
    ) throws(WorkError) {
        try perform(keeping: byteCount, and: nil, body)
    }

    fileprivate func perform(
        keeping byteCount: Int,
        and broadcast: BroadcastBytes?,
        _ body: @escaping @Sendable (Connection) -> Void
    ) throws(WorkError) {
        guard let executor else { throw .ended }
        try executor.perform(on: handle, keeping: byteCount, and: broadcast, body)
    }

    /// Closes the connection: ``Connection/close(code:reasonPhrase:)``.
    ///
    /// - Throws: ``WorkError`` when it will not be.
    public func close(code: UInt64 = 0, reasonPhrase: String = "") throws(WorkError) {
        try perform(keeping: reasonPhrase.utf8.count) { $0.close(code: code, reasonPhrase: reasonPhrase) }
    }
}

extension ConnectionReference: Hashable {
    /// Whether both name the same connection.
    public static func == (one: Self, other: Self) -> Bool {
        one.handle == other.handle && one.executor === other.executor
    }

    /// Hashes the connection's name.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(handle)
    }
}

/// A stream as other threads see it: ``ConnectionReference`` and a number.
public struct StreamReference: Sendable, Hashable {
    /// Its connection.
    public let connection: ConnectionReference
    /// Its number.
    public let id: StreamID

    /// Calls `body` with the stream on its own thread, unless it is closed by then.
    ///
    /// - Parameter byteCount: The bytes that `body` keeps while it waits.
    /// - Throws: ``WorkError`` when it will not be called.
    public func perform(
        keeping byteCount: Int = 0,
        _ body: @escaping @Sendable (Stream) -> Void
    ) throws(WorkError) {
        try perform(keeping: byteCount, and: nil, body)
    }

    private func perform(
        keeping byteCount: Int,
        and broadcast: BroadcastBytes?,
        _ body: @escaping @Sendable (Stream) -> Void
    ) throws(WorkError) {
        try connection.perform(keeping: byteCount, and: broadcast) { [id] connection in
            if let stream = connection.stream(id) { body(stream) }
        }
    }

    /// Sends `bytes`, and with `isFinal` the end of our half.
    ///
    /// When there is no room or no memory for them by then (``Stream/writableBytes``), the stream is reset with `code`: the peer must
    /// not take what follows for the rest of it. Use ``perform(keeping:_:)`` to wait instead. After the end of our half they are dropped.
    ///
    /// - Throws: ``WorkError`` when nothing will be sent.
    public func write(_ bytes: [UInt8], isFinal: Bool = false, resetCode code: UInt64 = 0) throws(WorkError) {
        try perform(keeping: bytes.count) { stream in
            stream.send(isFinal: isFinal, resetCode: code) { stream throws(StreamError) in try stream.write(bytes) }
        }
    }

    /// Sends `bytes`, which the worker of each stream has once, as ``write(_:isFinal:resetCode:)-([UInt8],_,_)`` does: for a broadcast.
    ///
    /// While writes wait for a worker, the bytes count once to its bound.
    ///
    /// - Throws: ``WorkError`` when nothing will be sent.
    public func write(_ bytes: BroadcastBytes, isFinal: Bool = false, resetCode code: UInt64 = 0) throws(WorkError) {
        try perform(keeping: 0, and: bytes) { stream in
            stream.send(isFinal: isFinal, resetCode: code) { stream throws(StreamError) in try stream.write(bytes) }
        }
    }

    /// Ends both halves: ``Stream/reset(code:)``.
    ///
    /// - Throws: ``WorkError`` when they will not be.
    public func reset(code: UInt64) throws(WorkError) {
        try perform { $0.reset(code: code) }
    }
}

extension Connection {
    /// This connection for other threads. Where its endpoint has no thread, all work for it is refused.
    public var reference: ConnectionReference { ConnectionReference(handle, executor: environment.executor) }
}

extension Stream {
    /// This stream for other threads.
    public var reference: StreamReference { StreamReference(connection: connection.reference, id: id) }

    /// Sends the bytes that `write` writes, and the end of our half where they are the last; resets the stream where they cannot be sent.
    fileprivate func send(isFinal: Bool, resetCode code: UInt64, _ write: (Stream) throws(StreamError) -> Void) {
        do throws(StreamError) {
            try write(self)
            if isFinal { finish() }
        } catch .finished {
            // The bytes before the end stay whole.
        } catch {
            reset(code: code)
        }
    }
}
