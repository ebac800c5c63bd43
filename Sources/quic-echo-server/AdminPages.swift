import EchoServerKit
import FlyingFox
import FoundationEssentials
import Logging
import QUICServer

/// What the admin server answers.
struct AdminPages {
    private let server: Server
    private let logger: Logger
    private let start = ContinuousClock.now

    init(server: Server, logger: Logger) {
        self.server = server
        self.logger = logger
    }

    /// `GET /`
    func index() -> HTTPResponse {
        let text = "GET /stats  what the server did and holds, as JSON\n"
        return HTTPResponse(
            statusCode: .ok,
            headers: [.contentType: "text/plain; charset=utf-8"],
            body: Data(text.utf8)
        )
    }

    /// `GET /stats`
    func statistics() async -> HTTPResponse {
        do {
            let document = StatisticsDocument(try await server.statistics(), process: .now(since: start))
            return HTTPResponse(
                statusCode: .ok,
                headers: [.contentType: "application/json"],
                body: try Self.encoder().encode(document) + Data("\n".utf8)
            )
        } catch {
            logger.error("cannot show statistics: \(error)")
            return HTTPResponse(statusCode: .serviceUnavailable)
        }
    }

    private static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return encoder
    }
}
