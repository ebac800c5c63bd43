import Datagrams
import LoadModel
import QUICEndpoint
import QUICTransport

/// How a connection comes to its point, and vanishes there.
extension AbandonDriver {
    /// How long an established connection may take to its point.
    static let reachTimeout = Duration.seconds(3)
    /// How long the acknowledgements of both sides may take.
    private static let rest = Duration.milliseconds(100)
    /// How soon an update of keys that is not allowed yet is asked for again.
    private static let retryInterval = Duration.milliseconds(100)
    /// How soon a PING follows in a connection that has nothing else to send.
    private static let pingInterval = Duration.milliseconds(50)
    /// How long a server that answers half a ClientHello with nothing is waited for.
    static let silenceOfHalves = Duration.milliseconds(300)
    /// The length of messages, in bytes: no more than a server takes at once.
    private static let messageBytes = 2_048

    // MARK: - Events

    func didEstablish(_ connection: Connection) {
        outcomes.established += 1
        acting.append(connection)
    }

    func didAnswer(_ connection: Connection, count: Int) {
        guard let life = connection.context as? AbandonLife else { return }
        life.receivedBytes += count
        if life.phase == .exchanging, life.receivedBytes >= Self.messageBytes { acting.append(connection) }
    }

    func didClose(_ connection: Connection, _ cause: CloseCause) {
        guard let life = connection.context as? AbandonLife else { return }
        var outcome = life.outcome ?? ConnectionOutcome(cause, of: connection)
        // RFC 7301 §3.2: the server has closed, as it was meant to.
        if case .tlsAlert = cause, scenario.point == .inClosing { outcome = .completed }
        life.phase = .over
        outcomes.record(outcome)
    }

    /// Takes a datagram as the sign that a connection is at its point, without reading it.
    ///
    /// - Returns: Whether it was for a connection that reads nothing any more.
    func listen(to datagram: RawSpan, _ path: NetworkPath) -> Bool {
        guard let connection = endpoint.connection(addressedBy: datagram),
            let life = connection.context as? AbandonLife, life.phase == .listening
        else { return false }
        // RFC 9000 §17.2.5, §6: after Retry a client begins again, and other versions mean that nothing began.
        if connection.isHandshaking, datagram.isRetryOrVersionNegotiation { return false }
        let isElsewhere = path.local != sockets.localAddress(of: life.socketIndex)
        if scenario.point != .inMigration || isElsewhere { acting.append(connection) }
        return true
    }

    /// Lets the connections act that have something to do.
    func act() throws {
        while let connection = acting.popLast() {
            guard let life = connection.context as? AbandonLife, connection.state != .closed else { continue }
            // What others are to send is not to be kept.
            if life.phase != .dialing { try transmit() }
            act(connection, life)
        }
    }

    // MARK: - Steps

    private func act(_ connection: Connection, _ life: AbandonLife) {
        switch life.phase {
        case .dialing: afterHandshake(connection, life)
        case .resting: afterRest(connection, life)
        case .exchanging: exchanged(connection, life)
        case .listening: listened(connection, life)
        case .settling: vanish(connection, life)
        case .over: break
        }
    }

    private func afterHandshake(_ connection: Connection, _ life: AbandonLife) {
        switch scenario.point {
        case .afterInitial, .halfClientHello: break
        case .afterServersFlight: vanish(connection, life)
        case .afterFinished:
            keepLastDatagrams()
            vanish(connection, life)
        // A server that speaks every protocol does not close.
        case .inClosing: fail(connection, .closedByPeer)
        case .streamOpen, .halfSentStream, .unacknowledgedEcho, .inKeyUpdate, .inMigration:
            life.phase = .resting
            wake(connection, after: Self.rest)
        }
    }

    private func afterRest(_ connection: Connection, _ life: AbandonLife) {
        switch scenario.point {
        case .streamOpen:
            // Of a request no more than the beginning: its end would be answered, and the stream would close.
            send(profile.sendsMessage ? .all : .half, on: connection)
            life.phase = profile.sendsMessage ? .exchanging : .settling
            wake(connection, at: profile.sendsMessage ? life.deadline : now.advanced(by: Self.rest))
        case .halfSentStream, .unacknowledgedEcho:
            send(scenario.point == .halfSentStream ? .half : .allWithFIN, on: connection)
            keepLastDatagrams()
            vanish(connection, life)
        case .inKeyUpdate: updateKeys(of: connection, life)
        case .inMigration: move(connection, life)
        case .afterInitial, .halfClientHello, .afterServersFlight, .afterFinished, .inClosing: break
        }
    }

    private func exchanged(_ connection: Connection, _ life: AbandonLife) {
        guard life.receivedBytes >= Self.messageBytes else { return fail(connection, .echoTimedOut) }
        life.phase = .settling
        wake(connection, after: Self.rest)
    }

    private func listened(_ connection: Connection, _ life: AbandonLife) {
        // Woken by the clock, nothing has come.
        let isLate = now >= life.deadline && scenario.point != .halfClientHello
        if isLate { fail(connection, .echoTimedOut) } else { vanish(connection, life) }
    }

    private func updateKeys(of connection: Connection, _ life: AbandonLife) {
        do throws(QUICError) {
            try connection.updateKeys(at: now)
            ping(connection, life)
        } catch {
            // RFC 9001 §6.1: not before the handshake is confirmed.
            guard now < life.deadline else { return fail(connection, .echoTimedOut) }
            wake(connection, after: Self.retryInterval)
        }
    }

    /// RFC 9000 §9: the connection sends from another address.
    private func move(_ connection: Connection, _ life: AbandonLife) {
        connection.rebind(to: sockets.localAddress(of: (life.socketIndex + 1) % sockets.count))
        ping(connection, life)
    }

    /// Has the server answer with something that is not read.
    private func ping(_ connection: Connection, _ life: AbandonLife) {
        connection.keepAlive(every: Self.pingInterval)
        life.phase = .listening
        wake(connection, at: life.deadline)
    }

    // MARK: - Messages

    private enum Share {
        case half
        case all
        case allWithFIN
    }

    private func send(_ share: Share, on connection: Connection) {
        let message =
            profile.sendsMessage
            ? [UInt8](repeating: 0x55, count: Self.messageBytes) : profile.opening(messageBytes: Self.messageBytes)
        let count = share == .half ? message.count / 2 : message.count
        do {
            let stream = try connection.openStream()
            unsafe try stream.write(message.span.extracting(first: count).bytes)
            if share == .allWithFIN { stream.finish() }
            endpoint.touch(connection)
        } catch {
            fail(connection, .transportError)
        }
    }

    // MARK: - Ends

    /// Lets a connection's client vanish in the manner of the cell.
    private func vanish(_ connection: Connection, _ life: AbandonLife) {
        guard life.outcome == nil else { return }
        life.outcome = .completed
        switch scenario.manner {
        case .silence, .sourceAddressGone: endpoint.abandon(connection, at: now)
        case .closeDelivered: endpoint.close(connection, at: now)
        }
        keepLastDatagrams()
    }

    /// Ends a connection that did not come to its point.
    func fail(_ connection: Connection, _ outcome: ConnectionOutcome) {
        guard let life = connection.context as? AbandonLife, life.outcome == nil else { return }
        life.outcome = outcome
        if connection.isHandshaking {
            endpoint.abandon(connection, at: now)
        } else {
            connection.rebind(to: sockets.localAddress(of: life.socketIndex))
            endpoint.close(connection, at: now)
        }
    }

    func wake(_ connection: Connection, after interval: Duration) {
        wake(connection, at: now.advanced(by: interval))
    }

    private func wake(_ connection: Connection, at moment: MonotonicInstant) {
        connection.applicationDeadline = moment
        endpoint.touch(connection)
    }
}

extension AbandonScenario {
    /// Whether the first answer to a connection's first flight shows that it is at its point.
    var listensFromTheStart: Bool {
        switch point {
        case .afterInitial, .halfClientHello: true
        // Once the client has read why it was closed it has no more to close.
        case .inClosing: manner == .closeDelivered
        default: false
        }
    }
}

extension RawSpan {
    /// Whether the first packet is Retry or Version Negotiation. RFC 9000 §17.2.5, §17.2.1.
    fileprivate var isRetryOrVersionNegotiation: Bool {
        guard byteCount >= 5 else { return false }
        let first = unsafe unsafeLoad(as: UInt8.self)
        guard first & 0x80 != 0 else { return false }
        let version = unsafe unsafeLoadUnaligned(fromByteOffset: 1, as: UInt32.self)
        return version == 0 || first & 0x30 == 0x30
    }
}
