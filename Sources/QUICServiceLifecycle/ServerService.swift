#if ServiceLifecycle
public import QUICServer
public import ServiceLifecycle

/// A server as a part of a process: a graceful shutdown closes its connections, and a worker that fails ends the process.
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
    private let willShutDown: @Sendable () -> Void

    /// The service of `server`, which listens already.
    ///
    /// - Parameter willShutDown: Called once when a graceful shutdown begins, before connections are closed; not where the task
    ///   is cancelled or a worker fails.
    public init(_ server: Server, willShutDown: @escaping @Sendable () -> Void = {}) {
        self.server = server
        self.willShutDown = willShutDown
    }

    /// Returns when every connection is closed and every worker has ended: after a graceful shutdown, after the task was cancelled,
    /// or because another called ``QUICServer/Server/shutDown()``, whose statistics ``QUICServer/Server/waitUntilStopped()`` still returns.
    ///
    /// - Throws: ``QUICServer/ServerError`` when a worker has failed.
    public func run() async throws {
        try await run(server.shutDown, willShutDown: willShutDown) {
            _ = try await server.waitUntilStopped()
        }
    }
}

extension Service {
    /// Runs `body` to its end, which comes at the latest when `shutDown` was called: at a graceful shutdown, or a cancellation.
    func run(
        _ shutDown: @escaping @Sendable () async throws -> ServerStatistics,
        willShutDown: @escaping @Sendable () -> Void,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask(operation: body)
            group.addTask {
                // It throws when this task is cancelled, which is a reason to shut down as well.
                if (try? await gracefulShutdown()) != nil { willShutDown() }
                _ = try await shutDown()
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
