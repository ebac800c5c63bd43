import QUICTransport

/// What the connections of a client ask their endpoint for.
final class ClientHost: EndpointHost {
    /// Called when a handshake is complete.
    var onEstablish: (Connection) -> Void = { _ in }
    private var service: (any StreamService)?

    init(connections: ConnectionSet, service: any StreamService, configuration: EndpointConfiguration) {
        self.service = service
        super.init(connections: connections, configuration: configuration)
    }

    /// The endpoint has ended. Connections that a service keeps lead here, and must not keep the service.
    func forgetServices() {
        service = nil
    }

    override func service(for applicationProtocol: String) -> (any StreamService)? {
        service
    }

    override func connectionDidEstablish(_ connection: Connection) {
        super.connectionDidEstablish(connection)
        onEstablish(connection)
    }
}
