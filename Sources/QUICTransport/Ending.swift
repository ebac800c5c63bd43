import BoundedMemory

/// The end of a connection: who asked for it, and what the peer and the application are told of it.
struct Ending {
    // By size, so that no bytes are lost between them.
    private var details: ClosingDetails?
    private var failure = NativeError.none
    /// The end that the application asked for, or that of a handshake that came to nothing.
    private(set) var requested: ConnectionEnd?
    private var receivedStatelessReset = false

    /// The code of the peer's transport, once its CONNECTION_CLOSE arrived.
    var peerTransportCode: TransportErrorCode? { details?.peerTransportCode }

    /// The application closes the connection.
    mutating func close(code: UInt64, reasonPhrase: String) {
        details = ClosingDetails(applicationCode: code, reasonPhrase: reasonPhrase)
        requested = .close(.localClose)
    }

    /// The handshake is complete for TLS, and has not come to anything.
    mutating func refuseHandshake(alert: UInt8) {
        requested = requested ?? .close(.tlsAlert(alert))
    }

    /// The peer was told of a connection ID that leads elsewhere. RFC 9000 §20.1: INTERNAL_ERROR.
    mutating func refuseConnectionID() {
        requested = requested ?? fail(.callback)
    }

    /// The peer has sent a stateless reset. RFC 9000 §10.3.
    mutating func noteStatelessReset() {
        receivedStatelessReset = true
    }

    /// The peer has closed the connection. RFC 9000 §10.2.2.
    mutating func drain(_ close: NativeConnection.PeerClose?) -> ConnectionEnd {
        if let close { details = ClosingDetails(close) }
        failure = .draining
        if receivedStatelessReset { return .drain(.statelessReset) }
        if let alert = peerTransportCode?.alert { return .drain(.tlsAlert(alert)) }
        return .drain(peerTransportCode == .connectionRefused ? .refused : .peerClose)
    }

    /// ngtcp2 has given up.
    ///
    /// - Parameter cause: The cause where the connection knows better than ngtcp2.
    mutating func fail(_ error: NativeError, _ cause: CloseCause = .transportError) -> ConnectionEnd {
        failure = error
        switch error {
        case .idleTimeout: return .discard(.idleTimeout)
        case .handshakeTimeout: return .discard(.handshakeTimeout)
        case .wantsRetry: return .discard(.addressValidation)
        case .dropped: return .discard(.transportError)
        case .versionNegotiation: return .discard(.versionNegotiation)
        default: return .close(cause)
        }
    }

    /// The CONNECTION_CLOSE frame for `cause`. RFC 9000 §19.19.
    ///
    /// - Parameter finishCode: ``StreamService/finishCode``.
    func frame(for cause: CloseCause, finishCode: @autoclosure () -> UInt64) -> NativeConnection.CloseFrame {
        switch cause {
        case .tlsAlert(let alert):
            .tlsAlert(alert)
        case .localClose, .shutdown, .drained:
            .application(
                code: details?.applicationCode ?? min(finishCode(), ClosingDetails.largestCode),
                reasonPhrase: details?.reasonPhrase ?? ""
            )
        default:
            .transport(failure)
        }
    }

    /// The end as the application is told of it.
    func report(_ cause: CloseCause) -> CloseReport {
        let isApplications = cause == .localClose || cause == .peerClose
        return CloseReport(
            cause: cause,
            applicationCode: isApplications ? details?.applicationCode : nil,
            reasonPhrase: isApplications ? details?.reasonPhrase ?? "" : ""
        )
    }
}

extension MemoryAccount {
    /// Why a connection ends that was refused memory: its own limit, that of the process, or the system.
    func refusalCause(isHandshaking: Bool) -> CloseCause {
        if limitRefusedCount > 0 { return .budgetExceeded(isHandshaking ? .handshake : .connection) }
        return wasRefusedByProcess ? .budgetExceeded(.process) : .outOfMemory
    }
}
