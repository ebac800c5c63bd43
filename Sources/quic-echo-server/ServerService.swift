import Datagrams
import Logging
import QUICServer
import ServiceLifecycle

/// The server as a part of the process: from the line that says it listens to the end of its last worker.
struct ServerService: Service {
    let server: Server
    let adminAddress: SocketAddress?
    let logger: Logger

    /// Returns after a graceful shutdown.
    ///
    /// - Throws: When a worker has failed.
    func run() async throws {
        let secondSignal = SecondSignal()
        defer { secondSignal.ignore() }
        announce()
        try await withThrowingTaskGroup { group in
            group.addTask { _ = try await server.waitUntilStopped() }
            group.addTask {
                // It throws when this task is cancelled, which is a reason to shut down as well.
                if (try? await gracefulShutdown()) != nil { logger.info("shutting down") }
                _ = try await server.shutDown()
            }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Says where the server listens, once a signal shuts it down in order: whoever waits for the lines may send one.
    private func announce() {
        if let adminAddress { StandardOutput.write(line: "admin on http://\(adminAddress)") }
        StandardOutput.write(line: "listening on \(server.address)")
    }
}
