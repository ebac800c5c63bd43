import Datagrams
import InMemoryLogging
import Logging
import QUICEndpoint
import QUICLogging
import QUICServer
import QUICTesting
import QUICTransport
import Testing

/// Connections in log lines.
@Suite struct LoggingTests {
    /// Logs how connections begin and end.
    private final class LoggedService: StreamService, Sendable {
        let applicationProtocol = "echo"
        private let logger: Logger

        init(_ logger: Logger) {
            self.logger = logger
        }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: QUICTransport.Stream) throws(StreamError) {}

        func connectionDidOpen(_ connection: Connection) {
            logger.info("open", metadata: connection.loggingMetadata)
        }

        func connectionDidClose(_ connection: Connection, _ report: CloseReport) {
            logger.info("closed", metadata: report.loggingMetadata)
        }
    }

    /// Serves a connection until its client has closed it, with `reasonPhrase`.
    ///
    /// - Returns: The metadata of the lines of the service, and then of one for each event of the server.
    private func lines(reasonPhrase: String) async throws -> [[String: String]] {
        let handler = InMemoryLogHandler()
        let logger = Logger(label: "test") { _ in handler }
        let server = try Server(configuration: .forTests, services: [LoggedService(logger)])
        try await onThread { [address = server.address] in
            let client = try LoopbackClient(of: address, seed: 1)
            let connection = try client.connect()
            try #require(try client.serve { handler.entries.count == 1 })
            connection.close(code: 7, reasonPhrase: reasonPhrase)
            try #require(try client.serve { handler.entries.count == 2 })
        }
        for event in await server.events() { logger.info("event", metadata: event.loggingMetadata) }
        #expect(try await server.shutDown().hasReturned)
        return handler.entries.map { $0.metadata.mapValues { "\($0)" } }
    }

    @Test func aConnectionSaysWhereItIsFromAndHowItEnded() async throws {
        let lines = try await lines(reasonPhrase: "good night")
        try #require(lines.count == 5)
        let remote = try #require(lines[0]["quic.remote"])
        #expect(remote.hasPrefix("127.0.0.1:"))
        #expect(lines[0] == ["quic.connection": "0-1", "quic.remote": remote, "quic.protocol": "echo"])
        #expect(
            lines[1] == [
                "quic.close.cause": "peer_close", "quic.close.code": "7", "quic.close.reason": "good night",
            ]
        )
        let events = lines[2...]
        #expect(events.map { $0["quic.event"] } == ["accepted", "established", "closed"])
        #expect(events.map { $0["quic.cause"] } == [nil, nil, "peer_close"])
        for event in events {
            #expect(event["quic.connection"] == "0-1")
            #expect(event["quic.remote"] == remote)
            #expect(event["quic.worker"] == "0" && event["quic.count"] == "1")
            #expect(Int(event["quic.peak_bytes"] ?? "") ?? 0 > 10_000)
        }
    }

    /// A peer must not be able to write log lines of its own, or to steer the terminal of a reader.
    @Test func aReasonPhraseStaysOnItsLine() async throws {
        let lines = try await lines(reasonPhrase: "a\r\nb\u{1b}[2J\u{2028}c\u{202e}é✓")
        #expect(lines[1]["quic.close.reason"] == "a\\r\\nb\\u{1B}[2J\\u{2028}c\\u{202E}é✓")
    }
}
