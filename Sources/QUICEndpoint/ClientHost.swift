import QUICTransport

/// What the connections of a client ask their endpoint for.
final class ClientHost: EndpointHost {
    /// Called when a handshake is complete.
    var onEstablish: (Connection) -> Void = { _ in }
    private let service: any StreamService

    init(connections: ConnectionSet, service: any StreamService, configuration: EndpointConfiguration) {
        self.service = service
        super.init(connections: connections, configuration: configuration)
    }

    override func service(for applicationProtocol: String) -> (any StreamService)? {
        service
    }

    override func connectionDidEstablish(_ connection: Connection) {
        super.connectionDidEstablish(connection)
        onEstablish(connection)
    }
}
