import BoundedMemory
import EchoService
import QUICEndpoint
import QUICServer

/// Serves echoes while `body` runs.
///
/// - Returns: The last statistics.
package func serveEchoes(while body: (SocketAddress) async throws -> Void) async throws -> ServerStatistics {
    var configuration = ServerConfiguration()
    configuration.listenAddress = SocketAddress(ipv4: 127, 0, 0, 1, port: 0)
    configuration.memoryBytesLimit = 512 << 20

    let server = try Server(configuration: configuration, services: [EchoService()])
    print("listening on \(server.address)")
    try await body(server.address)

    let now = try await server.statistics()
    print("\(now.endpoint.connections.live) connections hold \(now.endpoint.ledgerTotal.liveBytes) bytes")

    let last = try await server.shutDown()
    print(last.hasReturned ? "everything came back" : "something stayed")
    return last
}
