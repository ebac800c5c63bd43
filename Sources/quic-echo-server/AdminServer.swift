import Datagrams
import FlyingFox
import FlyingSocks
import Logging
import QUICServer
import ServiceLifecycle
import Synchronization

/// The HTTP server that shows a server's statistics.
struct AdminServer: Service {
    /// Where it listens, with the port the system chose if 0 was asked for.
    let address: Datagrams.SocketAddress
    private let task: Task<Void, any Error>
    private let ended: AsyncStream<Void>

    /// How long clients that read slowly, or a worker that does not answer, may delay the end.
    private static let stopTimeout = Duration.seconds(1)
    /// How long it does not listen after a failure.
    private static let pause = Duration.seconds(1)

    /// A server that listens when this returns.
    ///
    /// - Throws: ``AdminError`` when the address cannot be listened on.
    init(listeningOn address: Datagrams.SocketAddress, about server: Server, logger: Logger) async throws {
        let interface = AdminHTTP(pages: AdminPages(server: server, logger: logger))
        let http = try await interface.makeServer(at: address)
        let bound = BoundAddress()
        let listening = Task { try await http.waitUntilListening() }
        let (ended, continuation) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            defer {
                listening.cancel()
                continuation.finish()
            }
            try await Self.serve(interface, beginningWith: http, at: bound, logger: logger)
        }
        self.ended = ended
        self.task = task
        do {
            try await listening.value
            self.address = await Self.address(of: http, askedFor: address)
            bound.set(self.address)
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

    /// Serves until the task is cancelled, and listens again after failures.
    ///
    /// FlyingFox stops at the first connection that it cannot accept, as when the process has no descriptor left, and ends
    /// all others with it, the idle as well. That is no reason to end a QUIC server.
    ///
    /// - Throws: When the address could not be listened on in the first place.
    private static func serve(
        _ interface: AdminHTTP,
        beginningWith first: HTTPServer,
        at bound: BoundAddress,
        logger: Logger
    ) async throws {
        var http = first
        do {
            while true {
                do {
                    try await http.run()
                } catch {
                    guard !Task.isCancelled, let address = bound.address else { throw error }
                    logger.warning("\(AdminError(address: address, failure: error)); trying again")
                    http = try await interface.makeServer(at: address)
                }
                try await Task.sleep(for: pause)
            }
        } catch {
            await interface.pool.end()
            throw error
        }
    }

    /// Where the interface listens, once it does.
    private final class BoundAddress: Sendable {
        private let value = Mutex<Datagrams.SocketAddress?>(nil)

        var address: Datagrams.SocketAddress? { value.withLock(\.self) }

        func set(_ address: Datagrams.SocketAddress) {
            value.withLock { $0 = address }
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
