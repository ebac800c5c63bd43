import Datagrams
import QUICTransport
import QUICWorkers

/// A connection that another thread asks for. Its functions are called on the client's thread.
struct ConnectRequest: Sendable {
    /// Whom to connect to.
    enum Target: Sendable {
        case address(SocketAddress)
        /// The number names the request to those who cancel it.
        case host(RemoteHost, port: UInt16, number: UInt64)
    }

    let target: Target
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

/// A connection to a host that was asked for: ``Client/connect(to:port:serverName:timeout:offersEarlyData:willOpen:fail:)``.
public struct ConnectAttempt: Sendable {
    let number: UInt64
    let mailbox: Mailbox<ClientWorker.Command>

    /// Gives it up with ``ConnectError/cancelled``, from any thread. Nothing happens where there is a connection already, or an error.
    public func cancel() {
        _ = mailbox.post(.cancel(number))
    }
}
