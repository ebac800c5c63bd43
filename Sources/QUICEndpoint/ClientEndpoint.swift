public import BoundedMemory
public import Datagrams
public import QUICTransport

/// Many QUIC clients without sockets, clocks or threads: the counterpart of ``Endpoint`` for load and for tests.
///
/// Owns: its connections, and one batch of close packets (96 KB). Released by: each connection's end. Bound: who calls
/// ``connect(path:tls:version:offersEarlyData:at:)`` decides how many there are; each is bounded by ``QUICTransport/TransportConfiguration``, and all
/// of them together by ``EndpointConfiguration/memoryBudget``.
public final class ClientEndpoint {
    private let tls: TLSClientContext
    private let connections: ConnectionSet
    private let environment: ConnectionEnvironment
    private let replies = TransmitBatch(datagramCapacity: 64)
    private var latest = MonotonicInstant(nanoseconds: 0)
    /// The contexts of connections that have another than ``tls``: a context outlives its sessions.
    private var contexts: [ConnectionHandle: TLSClientContext] = [:]

    /// Called exactly once for each connection, after everything it held was released.
    public var onClose: (Connection, CloseCause) -> Void = { _, _ in }

    /// - Parameter service: Receives what servers send, on every stream.
    public init(
        configuration: EndpointConfiguration,
        tls: TLSClientContext,
        service: any StreamService
    ) {
        self.tls = tls
        environment = ConnectionEnvironment(
            configuration: configuration.transport,
            ledger: MemoryLedger(budget: configuration.memoryBudget),
            resetSecret: configuration.resetSecret,
            ids: ConnectionIDSource(workerIndex: configuration.workerIndex, seed: configuration.seed),
            services: .single(service)
        )
        connections = ConnectionSet(
            environment: environment,
            closingLimit: configuration.closingLimit,
            closingBytesLimit: configuration.closingBytesLimit
        )
        connections.onClose = { [unowned self] connection, cause in
            contexts[connection.handle] = nil
            onClose(connection, cause)
        }
    }

    deinit {
        connections.releaseAll()
        environment.forgetServices()
    }

    /// Called once for each connection whose handshake is complete, after the event that completed it, and before it ends in any way. What
    /// TLS knows of the session is still there. It may close, abandon and use any connection.
    public var onEstablish: (Connection) -> Void {
        get { connections.onEstablish }
        set { connections.onEstablish = newValue }
    }

    /// Called from inside that event, before ``QUICTransport/StreamService/connectionDidOpen(_:)``: the place for a
    /// ``QUICTransport/Connection/context`` that the service finds. Not for a connection that was opened with early data, nor for one that
    /// has ended meanwhile.
    public var willOpen: (Connection) -> Void {
        get { environment.willOpen }
        set { environment.willOpen = newValue }
    }

    /// Called when a connection's ``QUICTransport/Connection/applicationDeadline`` has come.
    public var onWake: (Connection) -> Void {
        get { connections.onWake }
        set { connections.onWake = newValue }
    }

    /// Takes work for its connections from other threads; nil where there are none.
    public var executor: (any ConnectionExecutor)? {
        get { environment.executor }
        set { environment.executor = newValue }
    }

    /// When ``expire(at:)`` is due next; nil while nothing is.
    public var nextDeadline: MonotonicInstant? { connections.nextDeadline }
    /// Created, live and ended connections.
    public var counts: ConnectionCounts { connections.counts }
    /// What every connection of this endpoint holds.
    public var ledger: MemoryLedger { connections.ledger }
    /// DATAGRAM frames of its connections, since start. RFC 9221.
    public var datagramFrames: DatagramFrameCounts { environment.datagramFrames }
    /// Its connections with early data since start, by outcome. RFC 9001 §4.6.
    public var earlyData: EarlyDataCounts { environment.earlyData }
    /// Connection IDs that lead somewhere.
    public var connectionIDCount: Int { connections.connectionIDCount }
    /// Deadlines waiting.
    public var deadlineCount: Int { connections.deadlineCount }
}

// MARK: - Events

extension ClientEndpoint {
    /// A datagram arrived.
    public func receive(_ datagram: RawSpan, path: NetworkPath, ecn: ECN, at now: MonotonicInstant) {
        let now = advance(to: now)
        guard datagram.byteCount <= TransportConfiguration.receivedDatagramBytesLimit,
            case .packet(let destination, _, _) = DatagramHeader(datagram),
            let handle = connections.route(to: destination) ?? connections.routeOfReset(datagram),
            let connection = connections.connection(handle)
        else { return }
        if let end = connection.receive(datagram, path: path, ecn: ecn, at: now) {
            connections.finish(connection, end, at: now, into: replies)
        } else if connections.follow(connection) {
            connections.touch(handle)
        }
    }

    /// The live connection that answers to `handle`.
    public func connection(_ handle: ConnectionHandle) -> Connection? {
        connections.connection(handle)
    }

    /// The connection that `datagram` is for, by its destination connection ID; nil when there is none.
    public func connection(addressedBy datagram: RawSpan) -> Connection? {
        guard datagram.byteCount <= TransportConfiguration.receivedDatagramBytesLimit,
            case .packet(let destination, _, _) = DatagramHeader(datagram)
        else { return nil }
        return connections.route(to: destination).flatMap(connections.connection)
    }

    /// It is `now`: for commands to connections outside of their events, before which nothing else tells the time.
    public func noteTime(_ now: MonotonicInstant) {
        _ = advance(to: now)
    }

    /// The moment of ``nextDeadline`` has come.
    public func expire(at now: MonotonicInstant) {
        connections.expire(at: advance(to: now), into: replies)
    }

    private func advance(to now: MonotonicInstant) -> MonotonicInstant {
        latest = max(latest, now)
        environment.now = latest
        return latest
    }
}

// MARK: - Commands

extension ClientEndpoint {
    /// Opens a connection along `path`.
    ///
    /// - Parameters:
    ///   - context: The context of its session; nil for that of this endpoint.
    ///   - offersEarlyData: Whether it may send before its handshake is complete, where it has a ticket for that. RFC 9001 §4.6.
    /// - Throws: When there is no memory for it.
    /// - Returns: The connection, whose first packet waits in ``transmit(into:holding:at:)``.
    public func connect(
        path: NetworkPath,
        tls context: TLSClientContext? = nil,
        version: QUICVersion = .v1,
        offersEarlyData: Bool = false,
        at now: MonotonicInstant
    ) throws(QUICError) -> Connection {
        let now = advance(to: now)
        let source = environment.ids.makeConnectionID()
        let destination = environment.ids.makeInitialDestination()
        let made = try connections.insert(routing: [source]) { handle throws(QUICError) in
            try Connection.connect(
                source: source,
                destination: destination,
                path: path,
                handle: handle,
                environment: environment,
                tls: context ?? tls,
                version: version,
                offersEarlyData: offersEarlyData,
                at: now
            )
        }
        // Twelve random bytes that are taken already would be the first such case ever.
        guard let made else { throw QUICError.connectionIDTaken }
        if let context { contexts[made.handle] = context }
        return made
    }

    /// Lets a connection send what the application gave it outside of an event.
    public func touch(_ connection: Connection) {
        connections.touch(connection.handle)
    }

    /// The next connection of a sweep over all of them; nil when there is none left.
    public func nextLiveConnection() -> Connection? {
        connections.nextLiveConnection()
    }

    /// Drops what would answer late packets of connections that were closed.
    public func removeClosingRecords() {
        connections.removeClosingRecords()
    }

    /// Closes a connection with CONNECTION_CLOSE; nothing happens to one that has ended. RFC 9000 §10.2.
    public func close(_ connection: Connection, code: UInt64 = 0, at now: MonotonicInstant) {
        guard connection.state != .closed else { return }
        connection.close(code: code)
        connections.finish(connection, .close(.localClose), at: advance(to: now), into: replies)
    }

    /// Ends every connection without a word to its server, since the thread that drives this endpoint cannot go on. The service is told why:
    /// ``QUICTransport/CloseCause/workerFailed``.
    public func fail() {
        connections.endAll(.discard(.workerFailed), at: latest, into: replies)
    }

    /// Forgets a connection without a word to the server; nothing happens to one that has ended.
    public func abandon(_ connection: Connection, at now: MonotonicInstant) {
        guard connection.state != .closed else { return }
        connections.finish(connection, .discard(.abandoned), at: advance(to: now), into: replies)
    }
}

// MARK: - Effects

extension ClientEndpoint {
    /// Fills `batch` with what may be sent now; leaves it empty when there is nothing.
    ///
    /// - Parameter held: The address family whose connections have to wait, because its socket takes nothing for now; nil for none.
    /// - Precondition: `batch` is empty.
    public func transmit(
        into batch: TransmitBatch,
        holding held: SocketAddress.Family? = nil,
        at now: MonotonicInstant
    ) {
        precondition(batch.isEmpty, "send the batch before filling it again")
        replies.move(into: batch)
        connections.transmit(into: batch, holding: held, at: advance(to: now))
    }
}
