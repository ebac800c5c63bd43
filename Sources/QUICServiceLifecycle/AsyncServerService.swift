#if ServiceLifecycle
public import QUICAsync
public import QUICServer
public import ServiceLifecycle

/// A server of tasks as a part of a process: a graceful shutdown lets its connections finish, and with them its
/// handlers.
///
/// ```swift
/// let server = try AsyncServer(configuration: ServerConfiguration(), applicationProtocols: ["echo"])
/// let service = AsyncServerService(server) { connection in
///     for await stream in connection.streams { await echo(stream) }
/// }
/// try await ServiceGroup(services: [service], gracefulShutdownSignals: [.sigterm], logger: logger).run()
/// ```
public struct AsyncServerService: Service {
    private let server: AsyncServer
    private let drainTimeout: Duration
    private let willShutDown: @Sendable () -> Void
    private let handler: @Sendable (AsyncServer.Connections.Element) async -> Void

    /// The service of `server`, which listens already.
    ///
    /// - Parameters:
    ///   - drainTimeout: How long connections may take to finish at a graceful shutdown: ``QUICServer/Server/drain(within:)``. None at
    ///     all closes them at once.
    ///   - willShutDown: Called once when a graceful shutdown begins, before connections are closed.
    ///   - handler: Called for each connection, as by ``QUICAsync/AsyncServer/run(_:)``.
    public init(
        _ server: AsyncServer,
        drainTimeout: Duration = Server.drainTimeoutDefault,
        willShutDown: @escaping @Sendable () -> Void = {},
        handler: @escaping @Sendable (AsyncServer.Connections.Element) async -> Void
    ) {
        self.server = server
        self.drainTimeout = drainTimeout
        self.willShutDown = willShutDown
        self.handler = handler
    }

    /// Returns when every connection is closed, every worker has ended and every handler has returned: after a graceful shutdown,
    /// after the task was cancelled (which closes them at once), or because another called ``QUICAsync/AsyncServer/shutDown()``.
    ///
    /// - Throws: ``QUICServer/ServerError`` when a worker has failed.
    public func run() async throws {
        try await run(drain: { try await server.drain(within: drainTimeout) }, willShutDown: willShutDown) {
            await server.run(handler)
            if !Task.isCancelled { _ = try await server.waitUntilStopped() }
        }
    }
}
#endif
