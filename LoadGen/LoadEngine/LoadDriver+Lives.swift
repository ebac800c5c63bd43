import Datagrams
import LoadModel
import QUICEndpoint
import QUICTransport

/// What happens to each connection between its handshake and its end.
extension LoadDriver {
    /// Connects the endpoint's and the service's events with the lives of the connections.
    func observe() {
        endpoint.onEstablish = { [unowned self] in didEstablish($0) }
        endpoint.onWake = { [unowned self] in wake($0) }
        endpoint.onClose = { [unowned self] in didClose($0, $1) }
        service.onAnswer = { [unowned self] in didAnswer($0, $1) }
        service.onUnread = { [unowned self] in didLeaveUnread($0) }
    }

    private func didEstablish(_ connection: Connection) {
        guard let life = connection.context as? ClientLife else { return }
        result.outcomes.established += 1
        if connection.isResumed { result.traffic.resumed += 1 }
        let latency = life.intendedStart.duration(to: now)
        result.handshake.record(latency)
        result.handshakeFromStart.record(life.start.duration(to: now))
        latelyHandshake.record(latency)
        if let interval = scenario.keepAlive { connection.keepAlive(every: interval) }
        if scenario.expectsEcho {
            beginExchanges(on: connection, life)
        } else {
            hold(connection, life)
        }
    }

    /// Keeps the connection open in the modes that do, and ends it in the others.
    func hold(_ connection: Connection, _ life: ClientLife) {
        life.phase = .holding
        // A herd is closed as a whole.
        if scenario.mode == .idleHerd { return }
        guard scenario.mode.holds else { return complete(connection) }
        // Even no time at all: silence cannot be fallen into while the transport tells of something.
        connection.applicationDeadline = now.advanced(by: scenario.hold)
    }

    private func wake(_ connection: Connection) {
        guard let life = connection.context as? ClientLife else { return }
        switch life.phase {
        case .dialing: break
        case .exchanging: continueExchanges(on: connection, life)
        case .holding: complete(connection)
        }
    }

    /// Ends a connection that has done all its mode asks for.
    func complete(_ connection: Connection) {
        finish(connection, .completed, politely: scenario.mode.closesPolitely)
    }

    /// Ends a connection with an outcome of ours: with CONNECTION_CLOSE, or in silence.
    func finish(_ connection: Connection, _ outcome: ConnectionOutcome, politely: Bool) {
        guard let life = connection.context as? ClientLife, life.outcome == nil else { return }
        life.outcome = outcome
        if politely {
            connection.close()
            endpoint.touch(connection)
        } else {
            endpoint.abandon(connection, at: now)
        }
    }

    /// The kernel says that nobody listens at the target: nobody will answer those who are still dialing.
    func refuseDialing() {
        while let connection = endpoint.nextLiveConnection() {
            if connection.isHandshaking { finish(connection, .refused, politely: false) }
        }
    }

    private func didClose(_ connection: Connection, _ cause: CloseCause) {
        guard let life = connection.context as? ClientLife else { return }
        if connection.hasReceived { result.outcomes.answered = (result.outcomes.answered ?? 0) + 1 }
        let outcome = life.outcome ?? ConnectionOutcome(cause, of: connection)
        result.outcomes.record(outcome)
        guard outcome == .completed else { return }
        if scenario.mode.closesPolitely { result.outcomes.closed += 1 } else { result.outcomes.abandoned += 1 }
    }
}

extension ConnectionOutcome {
    /// What a connection came to that ended by itself.
    init(_ cause: CloseCause, of connection: Connection) {
        switch cause {
        case .peerClose, .shutdown, .drained: self = .closedByPeer
        case .idleTimeout: self = .idleTimedOut
        case .handshakeTimeout: self = .timedOut
        case .statelessReset: self = .reset
        case .tlsAlert(let code): self = connection.refusedCertificate ? .certificateInvalid : .alert(code)
        case .refused: self = .refused
        case .versionNegotiation: self = .versionNegotiationFailed
        case .acknowledgementSilence, .noProgress, .uselessPackets, .lifetime, .retainedMemory, .localClose,
            .transportError, .workerFailed, .budgetExceeded, .outOfMemory, .addressValidation, .abandoned:
            self = .transportError
        }
    }
}
