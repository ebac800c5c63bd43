import Datagrams
import QUICTransport

/// A connection that another thread asks for. Its functions are called on the client's thread.
struct ConnectRequest: Sendable {
    /// The server's address.
    let remote: SocketAddress
    /// The name that its certificate has to be for.
    let serverName: String
    /// How long the handshake may take.
    let timeout: Duration
    /// The longest there is.
    static let timeoutLimit = Duration.seconds(3_600)
    /// Whether it opens before its handshake is complete, where that is possible.
    let offersEarlyData: Bool
    /// The handshake has begun.
    let didBegin: @Sendable (ConnectionReference) -> Void
    /// The handshake is complete, or early data is offered: called before the service is told.
    let willOpen: @Sendable (Connection) -> Void
    /// There will be no connection. One of the two is called, once.
    let fail: @Sendable (ConnectError) -> Void
}
