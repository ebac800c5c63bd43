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
        let text = """
            GET /stats            what the server did and holds, as JSON
            GET /ready            200 while new connections are admitted, 503 while the server drains
            GET /connections      what each live connection is and holds
            GET /connections/ID   the same for one of them
            GET /events           what happened lately, newest last
            GET /events?limit=N   the newest N of that

            """
        return Self.text(text)
    }

    /// `GET /stats`
    func statistics() async -> HTTPResponse {
        do {
            let document = StatisticsDocument(
                try await server.statistics(),
                limits: StatisticsDocument.Limits(server.configuration, server.memoryPlan),
                process: .now(since: start),
                qlog: server.configuration.transport.qlog?.counts
            )
            return try Self.json(document)
        } catch {
            logger.error("cannot show statistics: \(error)")
            return HTTPResponse(statusCode: .serviceUnavailable)
        }
    }

    /// `GET /ready`
    func readiness() async -> HTTPResponse {
        let isReady = (try? await server.statistics())?.isDraining == false
        return Self.text(isReady ? "ready\n" : "draining\n", statusCode: isReady ? .ok : .serviceUnavailable)
    }

    /// `GET /connections`
    func connections() async -> HTTPResponse {
        let documents = ConnectionDocument.all(await server.connections())
        return (try? Self.json(documents)) ?? HTTPResponse(statusCode: .internalServerError)
    }

    /// `GET /connections/ID`
    func connection(_ id: String?) async -> HTTPResponse {
        let documents = ConnectionDocument.all(await server.connections())
        guard let document = documents.first(where: { $0.id == id }) else { return HTTPResponse(statusCode: .notFound) }
        return (try? Self.json(document)) ?? HTTPResponse(statusCode: .internalServerError)
    }

    /// `GET /events`
    func events(_ items: [HTTPRequest.QueryItem]) async -> HTTPResponse {
        do {
            let query = try EventQuery(items.map { ($0.name, $0.value) })
            return try Self.json(EventDocument.all(await server.events(), query))
        } catch let failure as EventQuery.Failure {
            return Self.text("\(failure)\n", statusCode: .badRequest)
        } catch {
            return HTTPResponse(statusCode: .internalServerError)
        }
    }

    private static func text(_ text: String, statusCode: HTTPStatusCode = .ok) -> HTTPResponse {
        HTTPResponse(
            statusCode: statusCode,
            headers: [.contentType: "text/plain; charset=utf-8"],
            body: Data(text.utf8)
        )
    }

    private static func json(_ document: some Encodable) throws -> HTTPResponse {
        HTTPResponse(
            statusCode: .ok,
            headers: [.contentType: "application/json"],
            body: try encoder().encode(document) + Data("\n".utf8)
        )
    }

    private static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return encoder
    }
}
