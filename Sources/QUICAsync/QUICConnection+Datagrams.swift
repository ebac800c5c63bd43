public import QUICTransport
internal import QUICWorkers

extension QUICConnection {
    /// How many datagrams may wait for a task; one more displaces the oldest.
    static let waitingDatagramsLimit = 64

    /// The datagrams that the peer sends, in the order in which they arrived; ends with the connection. RFC 9221.
    ///
    /// There are none unless ``QUICTransport/TransportConfiguration/datagramFrameBytesLimit`` lets the peer send them. Several tasks
    /// may take them, each a different one. 64 wait until they are taken; one more displaces the oldest.
    public var datagrams: Datagrams { Datagrams(arrivals: datagramArrivals) }

    /// The datagrams of a connection, in the order in which they arrived.
    public struct Datagrams: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let arrivals: Arrivals<[UInt8]>?

        /// The next datagram; nil when the connection has ended, or the task is cancelled.
        public func next() async -> [UInt8]? { await arrivals?.next() }

        /// Itself.
        public func makeAsyncIterator() -> Self { self }
    }

    /// Sends `bytes` once, in a DATAGRAM frame: ``QUICTransport/Connection/sendDatagram(_:)-(RawSpan)``. Returns when they wait to be
    /// sent.
    ///
    /// - Throws: ``QUICTransport/DatagramError``; nothing is sent then.
    public func send(datagram bytes: [UInt8]) async throws(DatagramError) {
        if worker.isCurrent { return try source.connection.sendDatagram(bytes) }
        let outcome = await Task(executorPreference: worker.taskExecutor) { [worker, source] in
            // Elsewhere it runs where the worker has ended, and the connection with it.
            guard worker.isCurrent else { return Result<Void, DatagramError>.failure(.closed) }
            return Result { () throws(DatagramError) in try source.connection.sendDatagram(bytes) }
        }.value
        try outcome.get()
    }
}

extension AsyncService {
    func receive(datagram bytes: RawSpan, on connection: Connection) {
        (connection.context as? QUICConnection)?.datagramArrivals?.put([UInt8](copying: bytes))
    }
}
