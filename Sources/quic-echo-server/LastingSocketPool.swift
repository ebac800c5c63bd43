import FlyingFox
import FlyingSocks

/// The pool that the HTTP servers of one admin interface use one after the other.
///
/// FlyingFox ends a server's pool with the server, and each pool that ends keeps a descriptor for ever. So this one is of
/// longer life.
///
/// Owns: an epoll descriptor and an eventfd. Released by: ``end()``, but for the eventfd.
actor LastingSocketPool: AsyncSocketPool {
    private var pool: (any AsyncSocketPool)?
    private var task: Task<Void, Never>?

    /// Starts the pool, unless it runs.
    func prepare() async throws {
        guard pool == nil else { return }
        let pool = HTTPServer.defaultPool()
        try await pool.prepare()
        self.pool = pool
        task = Task {
            try? await pool.run()
            self.pool = nil
        }
    }

    /// Does nothing until it is cancelled: the pool runs by itself.
    func run() async throws {
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }

    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        guard let pool else { throw SocketError.disconnected }
        try await pool.suspendSocket(socket, untilReadyFor: events)
    }

    /// Ends all waiting.
    func end() {
        task?.cancel()
    }
}
