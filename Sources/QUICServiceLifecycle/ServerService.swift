#if ServiceLifecycle
public import QUICServer
public import ServiceLifecycle

/// A server as a part of a process: a graceful shutdown lets its connections finish, and a worker that fails ends the process.
///
/// ```swift
/// let server = try Server(configuration: ServerConfiguration(), services: [EchoService()])
/// let group = ServiceGroup(
///     services: [database, ServerService(server)],
///     gracefulShutdownSignals: [.sigterm, .sigint],
///     logger: logger
/// )
/// try await group.run()
/// ```
///
/// A group shuts its services down in reverse: those before the server are there until its last connection is closed.
public struct ServerService: Service {
    private let server: Server
    private let drainTimeout: Duration
    private let willShutDown: @Sendable () -> Void

    /// The service of `server`, which listens already.
    ///
    /// - Parameters:
    ///   - drainTimeout: How long connections may take to finish at a graceful shutdown: ``QUICServer/Server/drain(within:)``. None at
    ///     all closes them at once.
    ///   - willShutDown: Called once when a graceful shutdown begins, before connections are closed; not where the task
    ///     is cancelled or a worker fails.
    public init(
        _ server: Server,
        drainTimeout: Duration = Server.drainTimeoutDefault,
        willShutDown: @escaping @Sendable () -> Void = {}
    ) {
        self.server = server
        self.drainTimeout = drainTimeout
        self.willShutDown = willShutDown
    }

    /// Returns when every connection is closed and every worker has ended: after a graceful shutdown, after the task was cancelled
    /// (which closes them at once), or because another called ``QUICServer/Server/shutDown()``, whose statistics ``QUICServer/Server/waitUntilStopped()`` still returns.
    ///
    /// - Throws: ``QUICServer/ServerError`` when a worker has failed.
    public func run() async throws {
        try await run(drain: { try await server.drain(within: drainTimeout) }, willShutDown: willShutDown) {
            _ = try await server.waitUntilStopped()
        }
    }
}

extension Service {
    /// Runs `body` to its end, which comes at the latest when `drain` was called: at a graceful shutdown, or a cancellation, of which
    /// `drain` makes a shutdown.
    func run(
        drain: @escaping @Sendable () async throws -> ServerStatistics,
        willShutDown: @escaping @Sendable () -> Void,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask(operation: body)
            group.addTask {
                // It throws when this task is cancelled, which is a reason to shut down as well.
                if (try? await gracefulShutdown()) != nil { willShutDown() }
                _ = try await drain()
            }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
#else
#error("QUICServiceLifecycle needs a trait where this package is named: .package(…, traits: [\"ServiceLifecycle\"])")
#endif
