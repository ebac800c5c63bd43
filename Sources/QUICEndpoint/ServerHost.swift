import Datagrams
import QUICTransport

/// What the connections of a server ask their endpoint for.
final class ServerHost: EndpointHost {
    /// Called when a handshake is complete.
    var onEstablish: (Connection) -> Void = { _ in }
    private let services: [String: any StreamService]
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
