import EchoService
import Logging
import QUICLogging
import QUICMetrics
import QUICServer
import QUICServiceLifecycle
import ServiceLifecycle
import UnixSignals

/// Logs the end of each connection.
final class LoggedEcho: StreamService, Sendable {
    let applicationProtocol = "echo"
    private let echo = EchoService()
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func connectionDidClose(_ connection: Connection, _ report: CloseReport) {
        logger.info("closed", metadata: report.loggingMetadata)
    }

    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        try echo.receive(bytes, isFinal: isFinal, on: stream)
    }

    func stream(_ stream: Stream, didRelease count: Int) {
        echo.stream(stream, didRelease: count)
    }
}

/// Reports the statistics of a server until it has shut down.
struct MetricsService: Service {
    let server: Server

    func run() async {
        await cancelWhenGracefulShutdown {
            await ServerMetrics().report(server, every: .seconds(10))
        }
    }
}

/// Starts a server that logs.
package func makeLoggedServer(_ configuration: ServerConfiguration, logger: Logger) throws -> Server {
    try Server(configuration: configuration, services: [LoggedEcho(logger: logger)])
}

/// The services of a process that ends at SIGTERM: the last one is shut down first.
package func makeServiceGroup(_ server: Server, logger: Logger) -> ServiceGroup {
    ServiceGroup(
        services: [MetricsService(server: server), ServerService(server)],
        gracefulShutdownSignals: [.sigterm, .sigint],
        logger: logger
    )
}
