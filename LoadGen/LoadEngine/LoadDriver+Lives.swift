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
    }

    private func didEstablish(_ connection: Connection) {
        guard let life = connection.context as? ClientLife else { return }
        outcomes.established += 1
        handshake.record(life.intendedStart.duration(to: now))
        if scenario.expectsEcho {
            exchange(on: connection, life)
        } else {
            hold(connection, life)
        }
    }

    private func exchange(on connection: Connection, _ life: ClientLife) {
        life.phase = .exchanging
        life.messageStart = now
        connection.applicationDeadline = now.advanced(by: scenario.echoTimeout)
        do {
            try service.sendMessage(on: connection, life: life)
        } catch {
            finish(connection, .transportError, politely: true)
        }
    }

    private func didAnswer(_ connection: Connection, _ life: ClientLife) {
        guard life.phase == .exchanging else { return }
        guard life.isIntact else { return finish(connection, .echoMismatch, politely: true) }
        outcomes.echoed += 1
        echo.record(life.messageStart.duration(to: now))
        hold(connection, life)
    }

    /// Keeps the connection open in the modes that do, and ends it in the others.
    private func hold(_ connection: Connection, _ life: ClientLife) {
        life.phase = .holding
        guard scenario.mode.holds else { return complete(connection) }
        connection.applicationDeadline = now.advanced(by: scenario.hold)
    }

    private func wake(_ connection: Connection) {
        guard let life = connection.context as? ClientLife else { return }
        switch life.phase {
        case .dialing: break
        case .exchanging: finish(connection, .echoTimedOut, politely: true)
        case .holding: complete(connection)
        }
    }

    private func complete(_ connection: Connection) {
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
        let outcome = life.outcome ?? ConnectionOutcome(cause)
        outcomes.record(outcome)
        guard outcome == .completed else { return }
        if scenario.mode.closesPolitely { outcomes.closed += 1 } else { outcomes.abandoned += 1 }
    }
}

extension ConnectionOutcome {
    /// What a connection came to that ended by itself.
    init(_ cause: CloseCause) {
        switch cause {
        case .peerClose, .shutdown: self = .closedByPeer
        case .idleTimeout: self = .idleTimedOut
        case .handshakeTimeout: self = .timedOut
        case .statelessReset: self = .reset
        case .tlsAlert(let code): self = .alert(code)
        case .refused: self = .refused
        case .versionNegotiation: self = .versionNegotiationFailed
        case .acknowledgementSilence, .noProgress, .lifetime, .retainedMemory, .localClose, .transportError,
            .budgetExceeded, .outOfMemory, .addressValidation, .abandoned:
            self = .transportError
        }
    }
}
