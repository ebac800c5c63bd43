import QUICEndpoint
import QUICTransport

/// What work from another thread finds on a worker's: its connections and its services.
struct WorkScope: ~Copyable {
    let endpoint: Endpoint
    let services: [any StreamService]
}
