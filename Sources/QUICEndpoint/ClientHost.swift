import Datagrams
import QUICTransport

/// What the connections of a client ask their endpoint for.
final class ClientHost: ConnectionHost {
    private let connections: ConnectionSet
    private let service: any StreamService
    private let resetSecret: EndpointSecret
    var ids: ConnectionIDSource
    var onEstablish: (Connection) -> Void = { _ in }

    init(connections: ConnectionSet, service: any StreamService, configuration: EndpointConfiguration) {
        self.connections = connections
        self.service = service
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
        service
    }

    func connectionDidEstablish(_ connection: Connection) {
        connections.didEstablish(connection)
        onEstablish(connection)
    }

    func addressToken(for remote: SocketAddress, at now: MonotonicInstant) -> [UInt8]? {
        nil
    }
}
