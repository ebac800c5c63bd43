import Datagrams
import QUICTransport

/// What the connections of a server ask their endpoint for.
final class ServerHost: EndpointHost {
    /// Called when a handshake is complete.
    var onEstablish: (Connection) -> Void = { _ in }
    private var services: [String: any StreamService]
    private let validation: AddressValidation

    init(
        connections: ConnectionSet,
        services: [any StreamService],
        validation: AddressValidation,
        configuration: EndpointConfiguration
    ) {
        self.services = Dictionary(services.map { ($0.applicationProtocol, $0) }) { first, _ in first }
        self.validation = validation
        super.init(connections: connections, configuration: configuration)
    }

    /// The endpoint has ended. Connections that a service keeps lead here, and must not keep the service.
    func forgetServices() {
        services = [:]
    }

    override func service(for applicationProtocol: String) -> (any StreamService)? {
        services[applicationProtocol]
    }

    override func connectionDidEstablish(_ connection: Connection) {
        super.connectionDidEstablish(connection)
        onEstablish(connection)
    }

    override func addressToken(
        for remote: SocketAddress,
        version: QUICVersion,
        at now: MonotonicInstant
    ) -> [UInt8]? {
        validation.regularToken(for: remote, version: version, at: now)
    }
}
