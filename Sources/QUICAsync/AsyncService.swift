internal import QUICTransport
internal import QUICWorkers

/// Brings the events of a worker's connections to tasks.
final class AsyncService: StreamService {
    let applicationProtocol: String
    let acceptsEarlyData: Bool
    let finishCode: UInt64
    private let worker: WorkerReference
    private let arrivals: Arrivals<QUICConnection>?
    private let decideAdmission: @Sendable (Connection) -> ConnectionAdmission

    /// - Parameters:
    ///   - acceptsEarlyData: Whether a server's connections and streams are shown before their handshakes are complete.
    ///   - finishCode: The error code of connections that a server closes when it drains or shuts down.
    ///   - admission: Whether a server serves a connection.
    ///   - arrivals: Takes connections that nobody on this side asked for; nil at a client.
    init(
        _ applicationProtocol: String,
        acceptsEarlyData: Bool = false,
        finishCode: UInt64 = 0,
        admission: @escaping @Sendable (Connection) -> ConnectionAdmission = { _ in .accept },
        worker: WorkerReference,
        arrivals: Arrivals<QUICConnection>?
    ) {
        self.applicationProtocol = applicationProtocol
        self.acceptsEarlyData = acceptsEarlyData
        self.finishCode = finishCode
        decideAdmission = admission
        self.worker = worker
        self.arrivals = arrivals
    }

    func admission(of connection: Connection) -> ConnectionAdmission { decideAdmission(connection) }

    func connectionShouldFinish(_ connection: Connection) {
        (connection.context as? QUICConnection)?.shouldFinish()
    }

    func connectionDidOpen(_ connection: Connection) {
        let waiting = connection.context as? PendingConnection
        let shown = QUICConnection(connection, worker: worker)
        connection.context = shown
        if let waiting { waiting.finish(.success(shown)) } else { arrivals?.put(shown) }
    }

    func connectionDidCompleteHandshake(_ connection: Connection) {
        (connection.context as? QUICConnection)?.completeHandshake(
            connection.earlyData,
            isResumed: connection.isResumed
        )
    }

    func connectionDidClose(_ connection: Connection, _ report: CloseReport) {
        guard let shown = connection.context as? QUICConnection else { return }
        shown.end(report)
        arrivals?.remove { $0 === shown }
    }

    func connection(_ connection: Connection, mayOpen direction: StreamDirection) {
        (connection.context as? QUICConnection)?.openStreams(direction, on: connection)
    }

    func streamDidOpen(_ stream: QUICTransport.Stream) {
        guard let connection = stream.connection.context as? QUICConnection else { return }
        connection.show(stream)
    }

    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: QUICTransport.Stream) throws(StreamError) {
        (stream.context as? ByteStream)?.deliver([UInt8](copying: bytes), isFinal: isFinal)
    }

    func stream(_ stream: QUICTransport.Stream, didRelease count: Int) {
        (stream.context as? ByteStream)?.writeOutgoing()
    }

    func stream(_ stream: QUICTransport.Stream, wasCancelledWith code: UInt64) {
        (stream.context as? ByteStream)?.reset(code: code)
    }

    func streamDidClose(_ stream: QUICTransport.Stream) {
        guard let shown = stream.context as? ByteStream else { return }
        shown.didClose()
        // One that arrived whole is still there to be read.
        guard !shown.isWhole, let connection = stream.connection.context as? QUICConnection else { return }
        connection.arrivals.remove { $0 === shown }
        stream.releasePlace()
    }
}
