import Datagrams
import FlyingFox
import FlyingSocks

/// Makes the HTTP servers of an admin interface: one, and another one whenever that has failed.
struct AdminHTTP {
    let pages: AdminPages
    let pool = LastingSocketPool()

    /// How long, in seconds, a worker may take to answer a request.
    private static let answerTimeout = 5.0

    /// A server of all pages that does not listen yet.
    func makeServer(at address: Datagrams.SocketAddress) async throws -> HTTPServer {
        let http = HTTPServer(config: try configuration(listeningOn: address))
        await http.appendRoute("GET /") { [pages] (_: HTTPRequest) in pages.index() }
        await http.appendRoute("GET /stats") { [pages] (_: HTTPRequest) in await pages.statistics() }
        await http.appendRoute("GET /ready") { [pages] (_: HTTPRequest) in await pages.readiness() }
        await http.appendRoute("GET /connections") { [pages] (_: HTTPRequest) in await pages.connections() }
        await http.appendRoute("GET /connections/:id") { [pages] (request: HTTPRequest) in
            await pages.connection(request.routeParameters["id"])
        }
        await http.appendRoute("GET /events") { [pages] (request: HTTPRequest) in await pages.events(request.query) }
        return http
    }

    private func configuration(
        listeningOn address: Datagrams.SocketAddress
    ) throws -> HTTPServer.Configuration {
        switch address.family {
        case .ipv4:
            HTTPServer.Configuration(
                address: try .inet(ip4: address.host, port: address.port),
                timeout: Self.answerTimeout,
                pool: pool,
                logger: .disabled
            )
        case .ipv6:
            HTTPServer.Configuration(
                address: try .inet6(ip6: address.host, port: address.port),
                timeout: Self.answerTimeout,
                pool: pool,
                logger: .disabled
            )
        }
    }
}
