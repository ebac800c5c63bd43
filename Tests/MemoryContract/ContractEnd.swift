internal import QUICEndpoint
internal import QUICTransport

/// The ways a connection ends whose time to return the contract states, by the labels of their causes.
package enum ContractEnd: String, CaseIterable, Sendable {
    case idleTimeout = "idle_timeout"
    case handshakeTimeout = "handshake_timeout"
    case acknowledgementSilence = "acknowledgement_silence"
    case noProgress = "no_progress"
    case localClose = "local_close"
    case peerClose = "peer_close"
    case shutdown

    /// What the time is counted from.
    package var since: String {
        switch self {
        case .idleTimeout, .handshakeTimeout: "the client's last datagram"
        case .acknowledgementSilence: "the echo, which never arrives; the client goes on with PING"
        case .noProgress: "the last byte on a stream; the client goes on with PING"
        case .localClose: "the server's CONNECTION_CLOSE"
        case .peerClose: "the client's CONNECTION_CLOSE"
        case .shutdown: "the order to shut down"
        }
    }

    /// What the defaults allow.
    var millisecondsLimit: Int {
        let limits = TransportConfiguration()
        let timeout: Duration? =
            switch self {
            case .idleTimeout: limits.idleTimeout
            case .handshakeTimeout: limits.handshakeTimeout
            case .acknowledgementSilence: limits.acknowledgementTimeout.map { $0 + ConnectionSet.closingPeriodLimit }
            case .noProgress: limits.noProgressTimeout.map { $0 + ConnectionSet.closingPeriodLimit }
            case .localClose, .peerClose: ConnectionSet.closingPeriodLimit
            case .shutdown: .zero
            }
        return timeout?.wholeMilliseconds ?? .max
    }
}

extension Duration {
    /// In milliseconds, a part of one counting as a whole one.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        let attosecondsPerMillisecond: Int64 = 1_000_000_000_000_000
        let rest = (attoseconds + attosecondsPerMillisecond - 1) / attosecondsPerMillisecond
        return Int(seconds * 1_000 + rest)
    }
}
