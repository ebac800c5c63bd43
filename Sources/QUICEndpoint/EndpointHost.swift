import Datagrams
import QUICTransport

/// What the connections of a server and of a client ask their endpoint for alike.
class EndpointHost: ConnectionHost {
    var ids: ConnectionIDSource
    private let connections: ConnectionSet
    private let resetSecret: EndpointSecret

    init(connections: ConnectionSet, configuration: EndpointConfiguration) {
        self.connections = connections
        resetSecret = configuration.resetSecret
        ids = ConnectionIDSource(workerIndex: configuration.workerIndex, seed: configuration.seed)
    }

    final func issueConnectionID(for connection: Connection) -> (ConnectionID, StatelessResetToken)? {
        connections.issueID(from: &ids, resetSecret: resetSecret, for: connection)
    }

    final func retire(_ id: ConnectionID, of connection: Connection) {
        connections.retire(id, from: connection.handle)
    }

    final func expectReset(withToken token: ConnectionID, of connection: Connection) {
        connections.expectReset(withToken: token, of: connection.handle)
    }

    final func forgetReset(withToken token: ConnectionID, of connection: Connection) {
        connections.forgetReset(withToken: token, of: connection.handle)
    }

    final func connectionWantsAttention(_ connection: Connection) {
        connections.touch(connection.handle)
    }

    func connectionDidEstablish(_ connection: Connection) {
        connections.didEstablish(connection)
    }

    func service(for applicationProtocol: String) -> (any StreamService)? { nil }

    func addressToken(for remote: SocketAddress, version: QUICVersion, at now: MonotonicInstant) -> [UInt8]? { nil }
}
