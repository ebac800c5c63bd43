public import DatagramIO
public import QUICTransport
public import QUICWorkers

/// Why a client could not start, or had to stop.
public typealias ClientError = WorkerError

/// Why there is no connection to a server.
public enum ConnectError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The handshake was not complete in time: nobody answers at that address, or not for this protocol's packets.
    case timedOut
    /// The server did not prove to be the one that was asked for.
    case certificateRefused
    /// The server takes no connections at present. RFC 9000 §20.1, CONNECTION_REFUSED.
    case refused
    /// TLS failed with this alert, as with no common application protocol (120). RFC 8446 §6.
    case tlsAlert(UInt8)
    /// The server speaks none of our versions of QUIC.
    case versionNegotiation
    /// The connection ended otherwise before its handshake was complete.
    case ended(CloseCause)
    /// As many connections are open as there may be.
    case tooManyConnections(limit: Int)
    /// There is no memory for another connection.
    case outOfMemory
    /// The host has no address, or none is known of it.
    case unresolved(host: String, LookupError)
    /// It was cancelled: ``ConnectAttempt/cancel()``.
    case cancelled
    /// The system has no route to the server, or no socket.
    case unreachable(SocketError)
    /// The handshake could not begin, as with a server name that no server has.
    case notStarted(QUICError)
    /// The client was shut down.
    case shutDown
    /// The client had to stop, and all its connections have ended.
    case clientFailed(ClientError)

    /// The handshake of a connection failed.
    package init(_ cause: CloseCause, refusedCertificate: Bool) {
        self =
            switch cause {
            case _ where refusedCertificate: .certificateRefused
            case .handshakeTimeout, .idleTimeout, .abandoned: .timedOut
            case .refused: .refused
            case .tlsAlert(let alert): .tlsAlert(alert)
            case .versionNegotiation: .versionNegotiation
            case .outOfMemory, .budgetExceeded: .outOfMemory
            case .shutdown: .shutDown
            default: .ended(cause)
            }
    }

    /// A sentence for people.
    public var description: String {
        switch self {
        case .timedOut: "the server did not complete the handshake in time"
        case .certificateRefused: "the server's certificate was not accepted"
        case .refused: "the server refused the connection"
        case .tlsAlert(let alert): "TLS failed with alert \(alert)"
        case .versionNegotiation: "the server speaks no version of QUIC that this client speaks"
        case .ended(let cause): "the connection ended in its handshake: \(cause.label)"
        case .tooManyConnections(let limit): "\(limit) connections are open, which is the limit"
        case .outOfMemory: "there is no memory for another connection"
        case .unresolved(let host, let error): "cannot find an address of '\(host)': \(error)"
        case .cancelled: "the connection was cancelled before it was open"
        case .unreachable(let error): error.description
        case .notStarted(let error): error.description
        case .shutDown: "the client was shut down"
        case .clientFailed(let error): "the client has failed: \(error)"
        }
    }
}
