import Datagrams
import QUICTransport

/// What the connections of a server ask their endpoint for.
final class ServerHost: ConnectionHost {
    private let connections: ConnectionSet
    private let services: [String: any StreamService]
    private let validation: AddressValidation
    private let resetSecret: EndpointSecret
    var ids: ConnectionIDSource

    init(
        connections: ConnectionSet,
        services: [any StreamService],
        validation: AddressValidation,
        configuration: EndpointConfiguration
    ) {
        self.connections = connections
        self.services = Dictionary(services.map { ($0.applicationProtocol, $0) }) { first, _ in first }
        self.validation = validation
        resetSecret = configuration.resetSecret
        ids = ConnectionIDSource(workerIndex: configuration.workerIndex, seed: configuration.seed)
    }

    func issueConnectionID(for connection: Connection) -> (ConnectionID, StatelessResetToken)? {
        connections.issueID(from: &ids, resetSecret: resetSecret, for: connection)
    }

    func retire(_ id: ConnectionID, of connection: Connection) {
        connections.retire(id, from: connection.handle)
    }

    func expectReset(withToken token: ConnectionID, of connection: Connection) {
        connections.expectReset(withToken: token, of: connection.handle)
    }

    func forgetReset(withToken token: ConnectionID, of connection: Connection) {
        connections.forgetReset(withToken: token, of: connection.handle)
    }

    func service(for applicationProtocol: String) -> (any StreamService)? {
        services[applicationProtocol]
    }

    func connectionDidEstablish(_ connection: Connection) {
        connections.didEstablish(connection)
    }

    func addressToken(for remote: SocketAddress, at now: MonotonicInstant) -> [UInt8]? {
        validation.regularToken(for: remote, at: now)
    }
}
