import Datagrams
import FlyingFox
import FlyingSocks
import Logging
import QUICServer
import ServiceLifecycle

/// The HTTP server that shows a server's statistics.
struct AdminServer: Service {
    /// Where it listens, with the port the system chose if 0 was asked for.
    let address: Datagrams.SocketAddress
    private let task: Task<Void, any Error>
    private let ended: AsyncStream<Void>

    /// How long clients that read slowly, or a worker that does not answer, may delay the end.
    private static let stopTimeout = Duration.seconds(1)
    /// How long, in seconds, a worker may take to answer a request.
    private static let answerTimeout = 5.0

    /// A server that listens when this returns.
    ///
    /// - Throws: ``AdminError`` when the address cannot be listened on.
    init(listeningOn address: Datagrams.SocketAddress, about server: Server, logger: Logger) async throws {
        let http = HTTPServer(config: try Self.configuration(listeningOn: address))
        let pages = AdminPages(server: server, logger: logger)
        await http.appendRoute("GET /") { (_: HTTPRequest) in pages.index() }
        await http.appendRoute("GET /stats") { (_: HTTPRequest) in await pages.statistics() }
        await http.appendRoute("GET /connections") { (_: HTTPRequest) in await pages.connections() }
        await http.appendRoute("GET /connections/:id") { (request: HTTPRequest) in
            await pages.connection(request.routeParameters["id"])
        }
        await http.appendRoute("GET /events") { (request: HTTPRequest) in await pages.events(request.query) }
        let listening = Task { try await http.waitUntilListening() }
        let (ended, continuation) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            defer {
                listening.cancel()
                continuation.finish()
            }
            try await http.run()
        }
        self.ended = ended
        self.task = task
        do {
            try await listening.value
            self.address = await Self.address(of: http, askedFor: address)
        } catch {
            task.cancel()
            throw AdminError(address: address, failure: await task.failure ?? error)
        }
    }

    /// Serves until a graceful shutdown, and ends then whatever clients do.
    ///
    /// - Throws: ``AdminError`` when serving failed.
    func run() async throws {
        for try await _ in ended.cancelOnGracefulShutdown() {}
        guard Task.isCancelled || Task.isShuttingDownGracefully else {
            throw AdminError(address: address, failure: await task.failure ?? CancellationError())
        }
        await stop()
    }

    /// Ends the HTTP server and its connections, and waits for that as long as it is allowed to take.
    private func stop() async {
        task.cancel()
        let (first, continuation) = AsyncStream.makeStream(of: Void.self)
        Task { [task] in
            _ = await task.result
            continuation.finish()
        }
        Task {
            try? await Task.sleep(for: Self.stopTimeout)
            continuation.finish()
        }
        // Not a child task: a cancelled one would not wait at all.
        await Task { for await _ in first {} }.value
    }

    private static func configuration(
        listeningOn address: Datagrams.SocketAddress
    ) throws -> HTTPServer.Configuration {
        switch address.family {
        case .ipv4:
            HTTPServer.Configuration(
                address: try .inet(ip4: address.host, port: address.port),
                timeout: answerTimeout,
                logger: .disabled
            )
        case .ipv6:
            HTTPServer.Configuration(
                address: try .inet6(ip6: address.host, port: address.port),
                timeout: answerTimeout,
                logger: .disabled
            )
        }
    }

    private static func address(
        of http: HTTPServer,
        askedFor address: Datagrams.SocketAddress
    ) async -> Datagrams.SocketAddress {
        var address = address
        switch await http.listeningAddress {
        case .ip4(_, let port), .ip6(_, let port): address.port = port
        case .unix, nil: break
        }
        return address
    }
}

extension Task {
    /// Why the task failed, once it has ended; nil when it did not fail.
    fileprivate var failure: Failure? {
        get async {
            if case .failure(let error) = await result { error } else { nil }
        }
    }
}
