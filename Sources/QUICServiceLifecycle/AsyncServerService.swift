#if ServiceLifecycle
public import QUICAsync
public import ServiceLifecycle

/// A server of tasks as a part of a process: a graceful shutdown closes its connections, and with them ends its handlers.
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
    private let willShutDown: @Sendable () -> Void
    private let handler: @Sendable (AsyncServer.Connections.Element) async -> Void

    /// The service of `server`, which listens already.
    ///
    /// - Parameters:
    ///   - willShutDown: Called once when a graceful shutdown begins, before connections are closed.
    ///   - handler: Called for each connection, as by ``QUICAsync/AsyncServer/run(_:)``.
    public init(
        _ server: AsyncServer,
        willShutDown: @escaping @Sendable () -> Void = {},
        handler: @escaping @Sendable (AsyncServer.Connections.Element) async -> Void
    ) {
        self.server = server
        self.willShutDown = willShutDown
        self.handler = handler
    }

    /// Returns when every connection is closed, every worker has ended and every handler has returned: after a graceful shutdown,
    /// after the task was cancelled, or because another called ``QUICAsync/AsyncServer/shutDown()``.
    ///
    /// - Throws: ``QUICServer/ServerError`` when a worker has failed.
    public func run() async throws {
        try await run(server.shutDown, willShutDown: willShutDown) { await server.run(handler) }
    }
}
#endif
