public import QUICServer

/// A QUIC server whose connections and streams are asynchronous sequences.
///
/// ```swift
/// let server = try AsyncServer(configuration: ServerConfiguration(), applicationProtocols: ["echo"])
/// await server.run { connection in
///     await withDiscardingTaskGroup { group in
///         for await stream in connection.streams {
///             group.addTask {
///                 do {
///                     for try await chunk in stream { try await stream.write(chunk) }
///                     stream.finish()
///                 } catch {}
///             }
///         }
///     }
/// }
/// ```
///
/// Owns: a ``QUICServer/Server``. Released by: ``shutDown()``. Bound: that of the server, and for each stream its receive window and one write.
public final class AsyncServer: Sendable {
    private let server: Server
    private let arrivals: Arrivals<QUICConnection>
    /// Its workers, on whose threads tasks can run.
    public let workers: [WorkerReference]

    /// Starts a server; it is ready when this returns.
    ///
    /// - Parameters:
    ///   - applicationProtocols: Those that it speaks, in order of preference.
    ///   - acceptsEarlyData: Whether connections and streams are shown as soon as early data has arrived, where
    ///     ``QUICServer/ServerConfiguration/earlyData`` allows it. It may be a replay: ``ByteStream/arrivedEarly``. Default false.
    ///   - finishCode: The application error code of connections that are closed by ``drain(within:)`` and ``shutDown()``; below 2^62.
    ///   - admission: Whether a connection is served whose handshake is complete, by its address, its protocol, its
    ///     ``QUICTransport/Connection/serverName`` and its ``QUICTransport/Connection/peerCertificate``. Called on the thread of the
    ///     connection's worker, which it must not block; its client learns of a refusal at once. By default each is served.
    /// - Throws: When the address is taken, the certificate does not work, or the configuration contradicts itself.
    public init(
        configuration: ServerConfiguration,
        applicationProtocols: [String],
        acceptsEarlyData: Bool = false,
        finishCode: UInt64 = 0,
        admission: @escaping @Sendable (Connection) -> ConnectionAdmission = { _ in .accept }
    ) throws(ServerError) {
        let arrivals = Arrivals<QUICConnection>()
        var workers: [WorkerReference] = []
        let server = try Server(configuration: configuration) { context in
            workers = context.workers
            return applicationProtocols.map {
                AsyncService(
                    $0,
                    acceptsEarlyData: acceptsEarlyData,
                    finishCode: finishCode,
                    admission: admission,
                    worker: context.worker,
                    arrivals: arrivals
                )
            }
        }
        self.server = server
        self.arrivals = arrivals
        self.workers = workers
        // A worker that fails takes the others with it, and nobody may have asked for that.
        Task(executorPreference: workers.first?.taskExecutor) { [self] in _ = try? await waitUntilStopped() }
    }

    /// The address it listens on, with the port the system chose if 0 was asked for.
    public var address: SocketAddress { server.address }

    /// The connections whose handshakes are complete. Several tasks may take them, each a different one.
    public var connections: Connections { Connections(arrivals: arrivals) }

    /// The connections of a server, in the order in which they opened.
    public struct Connections: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let arrivals: Arrivals<QUICConnection>

        /// The next connection; nil when the server has stopped, or the task is cancelled.
        public func next() async -> QUICConnection? { await arrivals.next() }

        /// Itself.
        public func makeAsyncIterator() -> Self { self }
    }

    /// Serves connections until the server has stopped, or the task is cancelled.
    ///
    /// - Parameter handler: Called for each connection, in a task of its own on the thread of the connection's worker, which it must not
    ///   block. The connection is closed when it returns.
    public func run(_ handler: @escaping @Sendable (QUICConnection) async -> Void) async {
        // Nothing of the server waits for the threads that all tasks share.
        await withTaskExecutorPreference(workers.first?.taskExecutor) {
            await withDiscardingTaskGroup { group in
                for await connection in connections {
                    group.addTask(executorPreference: connection.worker.taskExecutor) {
                        await handler(connection)
                        connection.close()
                    }
                }
            }
        }
    }

    /// The statistics of the server at this moment.
    ///
    /// - Throws: When a worker has failed.
    public func statistics() async throws(ServerError) -> ServerStatistics {
        try await server.statistics()
    }

    /// Refuses new connections, closes all, and releases everything; ``connections`` ends.
    ///
    /// - Returns: The last statistics.
    /// - Throws: When a worker has failed.
    public func shutDown() async throws(ServerError) -> ServerStatistics {
        try await finish { server async throws(ServerError) in try await server.shutDown() }
    }

    /// Refuses new connections, lets the others finish their streams, closes those that are left after `timeout`, and releases
    /// everything; ``connections`` ends. Handlers learn of it by ``QUICConnection/waitUntilShouldFinish()``.
    ///
    /// - Parameter timeout: As of ``QUICServer/Server/drain(within:)``.
    /// - Returns: The last statistics.
    /// - Throws: When a worker has failed.
    public func drain(within timeout: Duration) async throws(ServerError) -> ServerStatistics {
        try await finish { server async throws(ServerError) in try await server.drain(within: timeout) }
    }

    /// Waits until every worker has ended: after ``shutDown()`` or ``drain(within:)``, or because one has failed, which takes the others
    /// with it.
    ///
    /// - Returns: The last statistics.
    /// - Throws: The first failure, once all workers have ended.
    public func waitUntilStopped() async throws(ServerError) -> ServerStatistics {
        try await finish { server async throws(ServerError) in try await server.waitUntilStopped() }
    }

    /// Waits for `end`, after which no further connection comes.
    private func finish(
        _ end: (Server) async throws(ServerError) -> ServerStatistics
    ) async throws(ServerError) -> ServerStatistics {
        defer { arrivals.finish() }
        return try await end(server)
    }
}
