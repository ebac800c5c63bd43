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
    /// - Throws: When the address is taken, the certificate does not work, or the configuration contradicts itself.
    public init(
        configuration: ServerConfiguration,
        applicationProtocols: [String],
        acceptsEarlyData: Bool = false
    ) throws(ServerError) {
        let arrivals = Arrivals<QUICConnection>()
        var workers: [WorkerReference] = []
        server = try Server(configuration: configuration) { context in
            workers = context.workers
            return applicationProtocols.map {
                AsyncService($0, acceptsEarlyData: acceptsEarlyData, worker: context.worker, arrivals: arrivals)
            }
        }
        self.arrivals = arrivals
        self.workers = workers
    }

    /// The address it listens on, with the port the system chose if 0 was asked for.
    public var address: SocketAddress { server.address }

    /// The connections whose handshakes are complete. Several tasks may take them, each a different one.
    public var connections: Connections { Connections(arrivals: arrivals) }

    /// The connections of a server, in the order in which they opened.
    public struct Connections: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let arrivals: Arrivals<QUICConnection>

        /// The next connection; nil when the server was shut down, or the task is cancelled.
        public func next() async -> QUICConnection? { await arrivals.next() }

        /// Itself.
        public func makeAsyncIterator() -> Self { self }
    }

    /// Serves connections until the server was shut down or the task is cancelled.
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
        defer { arrivals.finish() }
        return try await server.shutDown()
    }
}
