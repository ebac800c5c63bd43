import Datagrams
import Logging
import QUICServer
import QUICServiceLifecycle
import ServiceLifecycle

/// The server as a part of this process: from the line that says it listens to the end of its last worker.
struct EchoServerService: Service {
    let server: Server
    let drainTimeout: Duration
    let adminAddress: SocketAddress?
    let logger: Logger

    /// Returns after a graceful shutdown.
    ///
    /// - Throws: When a worker has failed.
    func run() async throws {
        let secondSignal = SecondSignal { [server] in _ = try? await server.shutDown() }
        defer { secondSignal.ignore() }
        announce()
        try await ServerService(server, drainTimeout: drainTimeout) {
            if drainTimeout > .zero {
                logger.info("draining, for \(drainTimeout) at most")
            } else {
                logger.info("shutting down")
            }
        }
        .run()
    }

    /// Says where the server listens, once a signal shuts it down in order: whoever waits for the lines may send one.
    private func announce() {
        if let adminAddress { StandardOutput.write(line: "admin on http://\(adminAddress)") }
        StandardOutput.write(line: "listening on \(server.address)")
    }
}
