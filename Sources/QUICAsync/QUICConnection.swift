public import Datagrams
public import QUICTransport
public import QUICWorkers
import Synchronization

/// One connection for tasks, a server's or a client's.
///
/// It may be kept beyond its end, and takes no streams then.
///
/// Owns: the streams, and the datagrams, that arrived and that no task has taken yet, in the application's memory and not in the
/// ledger. Released by: taking them, and the last reference. Bound: the streams that the peer may open, with a window each, and 64
/// datagrams of up to 1,472 bytes where it may send any.
public final class QUICConnection: Sendable {
    /// The peer's address when the connection did open.
    public let remote: SocketAddress?
    /// The application protocol both sides agreed on. RFC 7301.
    public let applicationProtocol: String
    /// Whether TLS took up where an earlier connection left off; false until the handshake is complete. RFC 8446 §2.2.
    public var isResumed: Bool { state.withLock { $0.isResumed } }
    /// The client's certificate in DER, at a server that asks for one: ``QUICTLS/ClientAuthentication``. Nil where there is none,
    /// and at a client. It takes its own length for as long as this object is kept, which no ledger counts.
    public let clientCertificate: [UInt8]?
    /// The worker on whose thread its tasks run best.
    public let worker: WorkerReference
    let source: Source
    let arrivals = Arrivals<ByteStream>()
    /// Nil where the peer may send no datagrams.
    let datagramArrivals: Arrivals<[UInt8]>?
    /// Ends when the connection should finish, or has.
    private let finishNotices = Arrivals<Never>()
    private let state = Mutex(State())

    /// The transport's connection, which belongs to the worker's thread.
    final class Source: @unchecked Sendable {
        let connection: Connection
        fileprivate var unseen = UnseenStreams()
        init(_ connection: Connection) { self.connection = connection }
    }

    /// Streams of the peer's of which nothing has arrived yet, though something of a later one has.
    ///
    /// Bound: the streams that the peer may open.
    fileprivate struct UnseenStreams {
        var streams: [StreamID: ByteStream] = [:]
        /// The next bidirectional and unidirectional stream of the peer's, in this order; nil before the first.
        var next: [StreamDirection: Int64] = [:]
    }

    private struct State {
        var report: CloseReport?
        var isResumed = false
        /// The outcome of early data; nil until the handshake is complete.
        var earlyData: EarlyDataState?
        var handshakeWatchers: [(ticket: UInt64, continuation: CheckedContinuation<EarlyDataState?, Never>)] = []
        /// Whether this side has asked for the end.
        var isClosing = false
        var watchers: [(ticket: UInt64, continuation: CheckedContinuation<CloseReport?, Never>)] = []
        /// Belongs to this connection, and ends with it.
        var endHandler: (@Sendable (QUICConnection) -> Void)?
        /// Tasks that wait for permission to open a stream, in the order in which they asked.
        var openers: [StreamDirection: [StreamOpener]] = [:]
        private var lastTicket: UInt64 = 0

        mutating func takeTicket() -> UInt64 {
            lastTicket += 1
            return lastTicket
        }
    }

    /// A task that wants to open a stream.
    private struct StreamOpener {
        let ticket: UInt64
        let continuation: CheckedContinuation<Result<ByteStream, any Error>, Never>
    }

    init(_ connection: Connection, worker: WorkerReference) {
        remote = connection.path?.remote
        applicationProtocol = connection.applicationProtocol ?? ""
        clientCertificate = connection.role == .server ? connection.peerCertificate : nil
        self.worker = worker
        source = Source(connection)
        let takesDatagrams = connection.configuration.datagramFrameBytesLimit > 0
        datagramArrivals = takesDatagrams ? Arrivals(capacityLimit: Self.waitingDatagramsLimit) : nil
        guard !connection.isHandshaking else { return }
        let (isResumed, earlyData) = (connection.isResumed, connection.earlyData)
        state.withLock { ($0.isResumed, $0.earlyData) = (isResumed, earlyData) }
    }

    /// The streams that the peer opens; ends with the connection. Several tasks may take them, each a different one.
    public var streams: Streams { Streams(arrivals: arrivals) }

    /// The streams of a connection, in the order in which the peer opened them.
    public struct Streams: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let arrivals: Arrivals<ByteStream>

        /// The next stream; nil when the connection has ended, or the task is cancelled.
        public func next() async -> ByteStream? {
            let stream = await arrivals.next()
            stream?.wasTaken()
            return stream
        }

        /// Itself.
        public func makeAsyncIterator() -> Self { self }
    }
}

// MARK: - Streams of the peer's

extension QUICConnection {
    /// The first of `stream` has arrived, on the worker's thread.
    ///
    /// RFC 9000 §3.2: "Before a stream is created, all streams of the same type with lower-numbered stream IDs MUST be created. This
    /// ensures that the creation order for streams is consistent on both endpoints." The transport opens them as they arrive: in
    /// another order where a packet is lost, or where the peer writes to a later one first.
    func show(_ stream: QUICTransport.Stream) {
        if let expected = source.unseen.streams.removeValue(forKey: stream.id) { return expected.bind(to: stream) }
        let direction: StreamDirection = stream.id.isBidirectional ? .bidirectional : .unidirectional
        let first = stream.id.rawValue & Self.kindBits
        for number in stride(from: source.unseen.next[direction] ?? first, to: stream.id.rawValue, by: Int(Self.step)) {
            let earlier = ByteStream(
                expecting: StreamID(number),
                arrivedEarly: source.connection.isHandshaking,
                worker: worker
            )
            source.unseen.streams[earlier.id] = earlier
            arrivals.put(earlier)
        }
        source.unseen.next[direction] = max(source.unseen.next[direction] ?? first, stream.id.rawValue + Self.step)
        let shown = ByteStream(stream, worker: worker)
        shown.bind(to: stream)
        arrivals.put(shown)
    }

    /// RFC 9000 §2.1: the two least significant bits of a stream ID identify its type.
    private static let (kindBits, step): (Int64, Int64) = (3, 4)

    /// No stream arrives any more, on the worker's thread.
    fileprivate func endUnseenStreams() {
        let streams = source.unseen.streams.values
        source.unseen = UnseenStreams()
        for stream in streams {
            stream.didClose()
            arrivals.remove { $0 === stream }
        }
    }
}

// MARK: - The end

extension QUICConnection {
    /// Closes the connection. RFC 9000 §10.2.
    ///
    /// - Parameters:
    ///   - code: The application's error code, below 2^62.
    ///   - reasonPhrase: Additional diagnostic information, 256 bytes of which are sent.
    public func close(code: UInt64 = 0, reasonPhrase: String = "") {
        state.withLock { $0.isClosing = true }
        onWorker { $0.close(code: code, reasonPhrase: reasonPhrase) }
    }

    /// Whether it has neither ended nor been asked to.
    var isOpen: Bool { state.withLock { $0.report == nil && !$0.isClosing } }

    /// How the connection ended, once it has.
    public var closeReport: CloseReport? { state.withLock { $0.report } }

    /// Waits until the connection has ended.
    ///
    /// - Returns: How it ended; nil when the task is cancelled before that.
    public func waitUntilClosed() async -> CloseReport? {
        let ticket = state.withLock { $0.takeTicket() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { watcher in
                let mustWait = state.withLock { state in
                    guard state.report == nil, !Task.isCancelled else { return false }
                    state.watchers.append((ticket, watcher))
                    return true
                }
                if !mustWait { watcher.resume(returning: closeReport) }
            }
        } onCancel: {
            let watcher = state.withLock { state in
                state.watchers.firstIndex { $0.ticket == ticket }.map { state.watchers.remove(at: $0).continuation }
            }
            watcher?.resume(returning: nil)
        }
    }

    /// Waits until the connection should finish, because its server drains, or has ended; returns early when the task is cancelled.
    ///
    /// The place to tell the peer that it should begin no further stream, in the way of the application's protocol. A server closes
    /// the connection when its streams have ended.
    public func waitUntilShouldFinish() async {
        _ = await finishNotices.next()
    }

    /// The server drains.
    func shouldFinish() { finishNotices.finish() }

    /// Has `handler` called once, when the connection has ended or at once where it has. One handler at most.
    func onEnd(_ handler: @escaping @Sendable (QUICConnection) -> Void) {
        let hasEnded = state.withLock { state in
            if state.report == nil { state.endHandler = handler }
            return state.report != nil
        }
        if hasEnded { handler(self) }
    }

    /// The connection has ended.
    func end(_ report: CloseReport) {
        endUnseenStreams()
        arrivals.finish()
        finishNotices.finish()
        datagramArrivals?.finish()
        let (watchers, openers, handler) = state.withLock { state in
            state.report = report
            defer { (state.watchers, state.openers, state.endHandler) = ([], [:], nil) }
            return (state.watchers, state.openers, state.endHandler)
        }
        settleHandshake(nil)
        handler?(self)
        for watcher in watchers { watcher.continuation.resume(returning: report) }
        for opener in openers.values.joined() {
            opener.continuation.resume(returning: .failure(ByteStreamError.connectionEnded))
        }
    }

    func takeTicket() -> UInt64 { state.withLock { $0.takeTicket() } }

    /// The outcome of early data, or nil within where there will be none; nil as long as it is not known, when `watcher` is told later.
    func outcome(or watcher: (UInt64, CheckedContinuation<EarlyDataState?, Never>)) -> EarlyDataState?? {
        state.withLock { state in
            if let earlyData = state.earlyData { return .some(earlyData) }
            if state.report != nil || Task.isCancelled { return .some(nil) }
            state.handshakeWatchers.append(watcher)
            return nil
        }
    }

    /// The task `ticket` no longer waits for the handshake.
    func cancelHandshakeWatcher(_ ticket: UInt64) {
        let watcher = state.withLock { state in
            let index = state.handshakeWatchers.firstIndex { $0.ticket == ticket }
            return index.map { state.handshakeWatchers.remove(at: $0).continuation }
        }
        watcher?.resume(returning: nil)
    }

    /// Tells those who wait for the handshake: it is complete with this outcome, or will not be.
    func settleHandshake(_ outcome: (earlyData: EarlyDataState, isResumed: Bool)?) {
        let (watchers, earlyData) = state.withLock { state in
            if let outcome { (state.earlyData, state.isResumed) = outcome }
            defer { state.handshakeWatchers = [] }
            return (state.handshakeWatchers, state.earlyData)
        }
        for watcher in watchers { watcher.continuation.resume(returning: earlyData) }
    }

    /// Calls `body` with the connection on its thread, unless that thread has ended by then.
    private func onWorker(_ body: @escaping @Sendable (Connection) -> Void) {
        if worker.isCurrent { return body(source.connection) }
        Task(executorPreference: worker.taskExecutor) { [worker, source] in
            // Elsewhere it runs where the worker has ended, and the connection with it.
            if worker.isCurrent { body(source.connection) }
        }
    }
}

// MARK: - Opening streams

extension QUICConnection {
    /// Opens a stream towards the peer; suspends while the peer allows no further one. RFC 9000 §4.6.
    ///
    /// - Throws: ``ByteStreamError/connectionEnded``, or `CancellationError`.
    public func openStream(_ direction: StreamDirection = .bidirectional) async throws -> ByteStream {
        let ticket = state.withLock { $0.takeTicket() }
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let opener = StreamOpener(ticket: ticket, continuation: continuation)
                let failure: (any Error)? = state.withLock { state in
                    if Task.isCancelled { return CancellationError() }
                    if state.report != nil { return ByteStreamError.connectionEnded }
                    state.openers[direction, default: []].append(opener)
                    return nil
                }
                if let failure { return continuation.resume(returning: .failure(failure)) }
                onWorker { [self] in openStreams(direction, on: $0) }
            }
        } onCancel: {
            let opener = state.withLock { state in
                let index = state.openers[direction]?.firstIndex { $0.ticket == ticket }
                return index.flatMap { state.openers[direction]?.remove(at: $0) }
            }
            opener?.continuation.resume(returning: .failure(CancellationError()))
        }.get()
    }

    /// Tasks that wait for the peer's permission to open a stream.
    package var waitingOpeners: Int { state.withLock { $0.openers.values.reduce(0) { $0 + $1.count } } }

    /// Opens streams for tasks that wait, as far as the peer allows. On the worker's thread.
    func openStreams(_ direction: StreamDirection, on connection: Connection) {
        while state.withLock({ $0.openers[direction]?.isEmpty == false }) {
            guard let stream = try? connection.openStream(direction) else { return }
            let shown = ByteStream(stream, worker: worker)
            stream.context = shown
            // It may have been cancelled meanwhile, by another thread.
            let opener: StreamOpener? = state.withLock { state in
                guard state.openers[direction]?.isEmpty == false else { return nil }
                return state.openers[direction]?.removeFirst()
            }
            guard let opener else { return stream.reset(code: ByteStream.cancelledCode) }
            opener.continuation.resume(returning: .success(shown))
        }
    }
}
