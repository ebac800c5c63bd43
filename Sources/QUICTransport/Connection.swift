public import BoundedMemory
internal import CShims
public import Datagrams

/// One QUIC connection, client or server, without sockets or clocks.
///
/// Methods are of four kinds, and none is of two:
///
/// - getters are nouns: ``state``, ``deadline``, ``path``;
/// - events go in: ``receive(_:path:ecn:at:)``, ``expire(at:)``;
/// - commands are imperatives: ``openStream(_:)``, ``close(code:reasonPhrase:)``, ``release()``;
/// - effects come out: ``nextEffect()``, ``transmit(into:at:)``, ``writeClose(for:into:at:)``.
///
/// After each event and each effect the caller asks ``nextEffect()`` until there is none, and for the next deadline. Whatever ends the
/// connection is returned as a ``ConnectionEnd``; the caller then takes the last packet from ``writeClose(for:into:at:)`` and calls
/// ``release()``. A connection calls nothing of its caller's: only its service, and through that other connections.
///
/// It stands in three files: its life is here; its beginning is in `Connection+Handshake.swift`, and streams and datagrams are in
/// `Connection+Streams.swift`. `Borrowing` decides how much memory it may use, `Probing` what it sends to a silent peer,
/// `SendPacer` when, and `PathMigration` where.
///
/// Owns: an `ngtcp2_conn`, a TLS session until ``ConnectionEffect/established`` was taken, its keys, and its streams. Released by:
/// ``release()``.
/// Bound: ``BoundedMemory/MemoryAccount/bytesLimit`` of ``account``, refused at the allocator. It follows what the connection borrows, up
/// to ``TransportConfiguration/connectionBytesLimit``.
@safe
public final class Connection {
    // Properties on the path of a packet are not checked for exclusive access: one thread uses a connection, and none of these is changed
    // by a method that calls out. The TLS session and the log are checked: GnuTLS and ngtcp2 are given both.

    /// Which side this is.
    public let role: Role
    /// Where it is in its life.
    @safe @exclusivity(unchecked) public private(set) var state = ConnectionState.handshaking
    /// Whether anything of the peer's has arrived.
    @safe @exclusivity(unchecked) public private(set) var hasReceived = false
    /// The name its endpoint gave it.
    public let handle: ConnectionHandle
    /// Every byte it holds, by class.
    public let account: MemoryAccount
    /// When it was made.
    public let createdAt: MonotonicInstant
    /// A moment of the application's own: ``StreamService/connectionDidWake(_:)`` is called then, once for each moment that is set.
    @safe @exclusivity(unchecked) public var applicationDeadline = MonotonicInstant.distantFuture {
        didSet { if applicationDeadline < oldValue { _ = beginCommand() } }
    }
    /// An object that the application keeps for this connection; nil at first, and again after
    /// ``StreamService/connectionDidClose(_:_:)``.
    public var context: AnyObject?
    /// The source of clients it is counted for; `none` where none is.
    package var source = SourcePrefix.none

    let environment: ConnectionEnvironment
    /// ngtcp2 calls back while it is at work, and callbacks ask it for more; ``release()`` alone takes it away, outside of every event.
    @safe @exclusivity(unchecked) var native: NativeConnection?
    /// Taken away by ``releaseTLS()``.
    var tls: TLSSession?
    /// Those of 1-RTT packets.
    @safe @exclusivity(unchecked) var keys = ProtectionKeys()
    @safe @exclusivity(unchecked) private var cipherUse = CipherUse()
    /// The agreements of the handshake, and its progress.
    @safe @exclusivity(unchecked) var handshake = Handshake()
    /// The application's bytes.
    @safe @exclusivity(unchecked) var streams = Streams()
    /// The memory above the connection's floor.
    @safe @exclusivity(unchecked) var borrowing: Borrowing
    /// Its progress, and packets that bring nothing.
    @safe @exclusivity(unchecked) var activity: Activity
    /// The service that was told that the connection is open, until it is told of the end.
    // Behind a type that is not copied: a call would count a reference around it otherwise, and the atomic operation afterwards waits until
    // all that the service has written is in memory, which is 2.7 % of a bulk echo.
    @safe @exclusivity(unchecked) private(set) var serving: ServiceReference?
    /// The moment of the event being handled, for callbacks that need one.
    @safe @exclusivity(unchecked) private(set) var now: MonotonicInstant

    /// The log of its packets; nil where there is none.
    private var qlog: QlogFile?
    /// Datagrams that wait for its next turn.
    @safe @exclusivity(unchecked) var turns = TurnQueue()
    @safe @exclusivity(unchecked) private var probing = Probing()
    /// When stream data may leave.
    @safe @exclusivity(unchecked) private var pacer: SendPacer
    /// The changes of the client's address; nil before the first.
    @safe @exclusivity(unchecked) var migration: PathMigration?
    /// How long a connection may be silent before it sends a PING, in nanoseconds; the greatest number for ever.
    private var keepAliveNanoseconds = UInt64.max
    @safe @exclusivity(unchecked) private var drain = Drain()
    /// ngtcp2's timer as it was before the time of the last packet's pacing, which nothing waits for: ``transmit(into:at:)``. The clock's
    /// start where something may have changed it since.
    @safe @exclusivity(unchecked) private var restingTimer = MonotonicInstant(nanoseconds: 0)
    // From here on by size, so that no bytes are lost between them.
    @safe @exclusivity(unchecked) private var pathMTU = PathMTUDiscovery()
    /// Whether ngtcp2 is at work, and calls back.
    @safe @exclusivity(unchecked) private var isInsideEvent = false
    @safe @exclusivity(unchecked) private var ending = Ending()
    /// Its place among those whose endpoint has to look after a command.
    @safe @exclusivity(unchecked) var commandLink = CommandedConnections.Link()

    /// - Parameter sourceConnectionIDs: The IDs that already lead here.
    init(
        role: Role,
        handle: ConnectionHandle,
        sourceConnectionIDs: [ConnectionID],
        environment: ConnectionEnvironment,
        now: MonotonicInstant
    ) {
        self.role = role
        self.handle = handle
        self.environment = environment
        createdAt = now
        self.now = now
        activity = Activity(at: now)
        pacer = SendPacer(at: now)
        account = MemoryAccount(ledger: environment.ledger)
        borrowing = Borrowing(account: account, configuration: environment.configuration)
        account.charge(self, to: .table)
        account.charge(account, to: .table)
        for id in sourceConnectionIDs { handshake.add(id, account) }
    }

    deinit {
        precondition(state == .closed, "a connection must be released by its endpoint")
    }

    /// The limits of this connection.
    public var configuration: TransportConfiguration { environment.configuration }
}

// MARK: - The beginning

extension Connection {
    /// Begins the log, whose first record tells of the `ngtcp2_conn`, and makes that.
    ///
    /// - Parameter original: The Destination Connection ID of the client's first packet, before any Retry. RFC 9000 §7.3.
    func begin(
        loggedAs original: ConnectionID,
        _ make: () throws(QUICError) -> NativeConnection
    ) throws(QUICError) {
        if let directory = configuration.qlog { qlog = QlogFile(in: directory, named: original, account: account) }
        native = try make()
    }

    /// Whether there is a log.
    var isLogged: Bool { qlog != nil }

    /// ngtcp2 has a record for the log.
    func log(_ record: RawSpan) {
        qlog?.append(record)
    }

    /// The handshake is complete.
    func establish() {
        state = .established
        // Before anything that may fail: the endpoint counts by state, and the state has changed.
        handshake.noteEstablished()
        borrowing.establish(self)
    }
}

// MARK: - The application

extension Connection {
    /// The error code of the peer's CONNECTION_CLOSE of the transport, once it arrived.
    public var peerCloseCode: TransportErrorCode? { ending.peerTransportCode }

    /// The application's part of the connection, once it is open.
    var service: (any StreamService)? { serving?.service }

    /// Shows `candidate` a connection whose handshake is complete, and has it serve the connection unless it refuses.
    ///
    /// A client may send requests with the end of its handshake: they go to nobody when it is refused.
    func open(to candidate: any StreamService) {
        if role == .server, case .refuse(let code, let reasonPhrase) = candidate.admission(of: self) {
            return close(code: code, reasonPhrase: reasonPhrase)
        }
        serving = ServiceReference(candidate)
        candidate.connectionDidOpen(self)
        if environment.isDraining { beginDrain() }
    }

    /// Tells the service that the connection has ended, after everything it held was released.
    package func tellEnd(_ cause: CloseCause) {
        service?.connectionDidClose(self, ending.report(cause))
        serving = nil
        context = nil
    }

    /// The moment of ``applicationDeadline`` has come.
    package func wake() {
        service?.connectionDidWake(self)
    }
}

// MARK: - Datagrams that arrive

extension Connection {
    /// A datagram of this connection arrived.
    ///
    /// - Returns: How the connection ended; nil while it lives.
    public func receive(
        _ datagram: RawSpan,
        path: NetworkPath,
        ecn: ECN,
        at now: MonotonicInstant
    ) -> ConnectionEnd? {
        guard native != nil, !holdsBackEarlyData(datagram) else { return nil }
        forgetRestingTimer()
        let tlsBefore = TLSMemory.tallyNow()
        defer { chargeTLS(since: tlsBefore) }
        self.now = now
        let isFirst = !hasReceived
        hasReceived = true
        let inFlightBefore = pathState.inFlightBytes
        isInsideEvent = true
        let openedBefore = qh_opened_packets_now()
        let meterBefore = activity.meter
        defer { isInsideEvent = false }
        guard let reading = native?.read(datagram, path: path, ecn: ecn, notesPath: role == .server, at: now)
        else { return nil }
        releaseTLSIfDone()
        cipherUse.note(keys, at: now)
        if reading.error == .dropped, isFirst, qh_opened_packets_now() != openedBefore {
            // A packet of a client's without CRYPTO: it probes for a server whose ClientHello was lost (RFC 9002 §6.2.4). Some
            // clients probe with PING alone until something of theirs is acknowledged. A Retry lets them begin again.
            return .discard(.addressValidation)
        }
        if reading.error != .none { return end(after: reading.error) }
        if qh_opened_packets_now() != openedBefore {
            probing.noteHeard(by: self, bytesInFlight: inFlightBefore)
            if let previous = reading.otherPath { noteMigration(by: datagram, from: path, previous: previous) }
        }
        activity.noteOpened(qh_opened_packets_now() &- openedBefore, since: meterBefore, at: now)
        return ending.requested ?? endOfRetention()
            ?? (role == .server ? activity.end(environment.uselessPacketsPerSecond) : nil)
    }
}

// MARK: - The clock

extension Connection {
    /// When ``expire(at:)`` is due.
    public var deadline: MonotonicInstant {
        guard var transport = native?.timer else { return .distantFuture }
        // ngtcp2 sets the time of its next packet whether or not there is one, so that each answer would wake its worker twice.
        if restingTimer > transport { transport = restingTimer }
        let ours =
            isHandshaking
            ? handshakeDeadline : min(activity.deadline(configuration), probing.deadline(of: self), lifetimeDeadline)
        return min(
            transport,
            applicationDeadline,
            ours,
            borrowing.reviewDeadline,
            cipherUse.deadline,
            pacer.releaseAt,
            drainDeadline
        )
    }

    /// The moment of ``deadline`` has come.
    ///
    /// - Returns: How the connection ended; nil while it lives.
    public func expire(at now: MonotonicInstant) -> ConnectionEnd? {
        guard native != nil else { return nil }
        forgetRestingTimer()
        let tlsBefore = TLSMemory.tallyNow()
        defer { chargeTLS(since: tlsBefore) }
        // Near the limit others would take the memory of ciphers, which no limit refuses when they are made again.
        cipherUse.review(keys, since: environment.share.pressure < .shedding ? self.now : now, at: now)
        self.now = now
        if let end = ownEnd(at: now) { return end }
        reviewBorrowing()
        probing.probe(for: self)
        guard let timer = native?.timer, timer <= now, probing.noteTimer(of: self) else { return ending.requested }
        let error = native?.handleTimer(at: now) ?? .none
        return error == .none ? ending.requested : end(after: error)
    }

    /// ngtcp2 may have another timer from now on.
    private func forgetRestingTimer() {
        restingTimer = MonotonicInstant(nanoseconds: 0)
    }

    /// The deadlines that ngtcp2 does not have.
    private func ownEnd(at now: MonotonicInstant) -> ConnectionEnd? {
        if isHandshaking { return now >= handshakeDeadline ? .discard(.handshakeTimeout) : nil }
        if now >= probing.end(after: configuration.acknowledgementTimeout) { return .close(.acknowledgementSilence) }
        if now >= activity.deadline(configuration) { return .close(.noProgress) }
        return now >= lifetimeDeadline ? .close(.lifetime) : nil
    }

    var handshakeDeadline: MonotonicInstant { createdAt.advanced(by: configuration.handshakeTimeout) }

    private var lifetimeDeadline: MonotonicInstant {
        configuration.lifetime.map { createdAt.advanced(by: $0) } ?? .distantFuture
    }
}

// MARK: - Commands

extension Connection {
    /// Asks for CONNECTION_CLOSE with an application error code; the endpoint sends it after the current event.
    /// RFC 9000 §10.2.
    ///
    /// May be called at any time, from a callback as well; later calls change nothing, and neither do those after the end.
    ///
    /// - Parameters:
    ///   - code: The application's error code, below 2^62; larger ones are sent as the largest. RFC 9000 §20.2.
    ///   - reasonPhrase: Additional diagnostic information, of which the peer gets 256 bytes at most. RFC 9000 §19.19.
    public func close(code: UInt64 = 0, reasonPhrase: String = "") {
        guard ending.requested == nil, beginCommand() else { return }
        ending.close(code: code, reasonPhrase: reasonPhrase)
    }

    /// The application gives a command. Outside of an event it has the time of the endpoint, which comes back to the connection
    /// afterwards.
    ///
    /// - Returns: Whether the connection takes commands: not while it is released, nor after that.
    func beginCommand() -> Bool {
        guard state != .closed else { return false }
        forgetRestingTimer()
        guard !isInsideEvent else { return true }
        now = max(now, environment.now)
        probing.noteCommand()
        environment.noteCommand(to: self)
        return true
    }

    /// Sends a PING whenever nothing was sent or received for `interval`; nil for never. RFC 9000 §10.1.2.
    public func keepAlive(every interval: Duration?) {
        guard beginCommand() else { return }
        keepAliveNanoseconds = interval?.nativeNanoseconds ?? .max
        native?.keepAlive(everyNanoseconds: keepAliveNanoseconds)
    }

    /// Starts using the next generation of keys. RFC 9001 §6.
    ///
    /// - Throws: While the handshake is not confirmed or the last update is too recent. RFC 9001 §6.1.
    public func updateKeys(at now: MonotonicInstant) throws(QUICError) {
        // While it is released as well, and its service is told of the ends of its streams: ngtcp2 aborts then instead of refusing.
        guard state != .closed, native != nil else { throw QUICError("the connection is closed") }
        // And before it is past the handshake, and when time runs backwards.
        guard mayUpdateKeys else { throw QUICError("the handshake is not confirmed") }
        let tlsBefore = TLSMemory.tallyNow()
        defer { chargeTLS(since: tlsBefore) }
        forgetRestingTimer()
        try native?.updateKeys(at: max(self.now, now))
    }
}

// MARK: - Packets that leave

extension Connection {
    /// A longer packet has more than acknowledgements: data that was lost takes the time of data that is new.
    private static let longestAcknowledgementBytes = 600

    /// Appends the packets that may be sent now: at most one burst, so that others get their turn. RFC 9002 §7.7.
    public func transmit(into batch: TransmitBatch, at now: MonotonicInstant) -> TransmitOutcome {
        guard let quantumBytes = native?.sendQuantumBytes else { return .idle }
        if let end = ending.requested { return .ended(end) }
        if hasDrained(at: now) { return .ended(.close(.drained)) }
        let tlsBefore = TLSMemory.tallyNow()
        defer { chargeTLS(since: tlsBefore) }
        self.now = now
        forgetRestingTimer()
        let path = pathState
        var burst = Burst(path, quantumBytes: quantumBytes, pacer: &pacer, at: now)
        if hasDataToSend { burst.inFlightLimit = inFlightLimit(of: burst) }
        let isMigrating = isMigrating
        let holdsProbes = probing.holds(path, of: self)
        guard !probing.isHeldBack(holdsProbes) else { return .idle }
        var hasDataOnLatestPath = false
        var outcome = TransmitOutcome.idle
        while true {
            guard !batch.isFull, burst.quantumBytes > 0 else {
                outcome = .more
                break
            }
            if hasDataToSend, burst.isFull { burst.inFlightLimit = inFlightLimit(of: burst) }
            guard let offersData = burst.offersData(hasDataToSend, pacer: &pacer) else { break }
            var error = NativeError.none
            let inFlightBefore = isMigrating ? pathState.inFlightBytes : 0
            let written = pinging {
                native?.append(
                    to: batch,
                    byteLimit: pathMTU.packetBytesLimit(native?.packetBytesLimit ?? 0),
                    error: &error
                ) { packet in
                    fill(&packet, offersData: offersData, at: now)
                } ?? 0
            }
            if isMigrating, written > 0, batch.entries.last?.path == self.path, pathState.inFlightBytes > inFlightBefore
            {
                hasDataOnLatestPath = true
            }
            if error != .none { return .ended(end(after: error)) }
            guard written > 0 else { break }
            burst.add(written)
            if offersData || written > Self.longestAcknowledgementBytes { pacer.spend(written) }
            pathMTU.noteTransmitted(written)
            if holdsProbes { break }
        }
        // Nothing is left that pacing could hold back.
        let isResting = outcome == .idle && burst.hasPackets && !holdsProbes && !hasDataToSend
        restingTimer = isResting ? native?.timer ?? now : MonotonicInstant(nanoseconds: 0)
        native?.noteTransmitted(at: now)
        if burst.hasPackets { cipherUse.note(keys, at: now) }
        if isMigrating { migration?.noteTransmitted(dataOnLatestPath: hasDataOnLatestPath, at: now) }
        probing.noteBurst(
            bytesInFlight: path.inFlightBytes,
            after: burst.hasPackets ? pathState.inFlightBytes : path.inFlightBytes,
            hasPackets: burst.hasPackets,
            holdsProbes: holdsProbes,
            at: now
        )
        return outcome
    }

    private func inFlightLimit(of burst: Burst) -> Int {
        borrowing.inFlightLimit(of: self, whenInFlight: burst.inFlightBytes)
    }

    /// Has a PING sent if `isWanted`.
    ///
    /// - Returns: Whether one is to be sent, for whatever reason.
    func askForPing(if isWanted: Bool) -> Bool {
        if isWanted { probing.askForPing() }
        return probing.wantsPing
    }

    /// Calls `body`, in which ngtcp2 writes a PING if there is nothing else and it may write at all, which it may not at the
    /// moment of the last packet received.
    private func pinging<Result>(_ body: () -> Result) -> Result {
        guard probing.sendsPing(at: now) else { return body() }
        probing.noteOfferedPing()
        native?.keepAlive(everyNanoseconds: 1)
        defer { native?.keepAlive(everyNanoseconds: keepAliveNanoseconds) }
        return body()
    }

    /// Writes the CONNECTION_CLOSE packet for `end` into `space`.
    ///
    /// - Returns: Its length and where it goes; nil when none can be sent, as before the peer's address is validated.
    public func writeClose(
        for end: ConnectionEnd,
        into space: inout MutableRawSpan,
        at now: MonotonicInstant
    ) -> (count: Int, path: NetworkPath, ecn: ECN)? {
        guard native != nil else { return nil }
        let tlsBefore = TLSMemory.tallyNow()
        defer { chargeTLS(since: tlsBefore) }
        let frame = ending.frame(for: end.cause, finishCode: service?.finishCode ?? 0)
        // A connection that has used up its allowance is told so: RFC 9000 §10.2.
        return account.withoutLimit {
            native?.write(
                frame,
                into: &space,
                byteLimit: pathMTU.packetBytesLimit(native?.packetBytesLimit ?? 0),
                at: now
            ) ?? nil
        }
    }
}

// MARK: - Draining

/// The end of a connection whose server drains: in order, once nothing is left to do on it.
extension Connection {
    /// Tells the service that the connection should finish, once; it ends when its streams have.
    package func beginDrain() {
        guard !drain.hasBegun, let service else { return }
        // Outside of an event it has the time of the endpoint, and is to be asked whether it has finished.
        guard beginCommand() else { return }
        drain.begin(at: now, probeTimeout: probeTimeout)
        service.connectionShouldFinish(self)
    }

    /// Whether the server drains and nothing of the connection is left: no stream that holds it up, and nothing on its way.
    private func hasDrained(at now: MonotonicInstant) -> Bool {
        guard drain.mayEnd(at: now), hasFinished else { return false }
        return pathState.inFlightBytes == 0 || probing.isSilent(for: Drain.patience(probeTimeout), at: now)
    }

    /// When to ask ``hasDrained(at:)`` although nothing has happened.
    private var drainDeadline: MonotonicInstant {
        guard drain.mayEnd(at: now) else { return drain.earliestEnd }
        let end = hasFinished ? probing.silenceEnd(after: Drain.patience(probeTimeout)) : .distantFuture
        // An end that is due already is looked at in each turn, and is no reason to come back.
        return end > now ? end : .distantFuture
    }

    /// Whether the application has nothing left to send or to receive. Early data is not acknowledged before the handshake is complete.
    private var hasFinished: Bool { !isHandshaking && turns.isEmpty && !hasUnfinishedStreams }
}

// MARK: - The end

extension Connection {
    /// The end that ``close(code:reasonPhrase:)`` asked for, for callers outside of an event.
    public var pendingEnd: ConnectionEnd? { ending.requested }

    /// Ends the connection after the present event: the handshake is complete for TLS, and has not come to anything.
    func refuseHandshake(alert: UInt8) {
        ending.refuseHandshake(alert: alert)
    }

    /// Ends the connection, which told its peer of a connection ID that leads elsewhere.
    package func refuseConnectionID() {
        ending.refuseConnectionID()
    }

    /// The peer has sent a stateless reset. RFC 9000 §10.3.
    func noteStatelessReset() {
        ending.noteStatelessReset()
    }

    /// Remembers why ngtcp2 gave up, and says what is left to do.
    private func end(after error: NativeError) -> ConnectionEnd {
        switch error {
        case .draining: return ending.drain(native?.peerClose)
        case .tls: return ending.fail(error, .tlsAlert(noteHandshakeAlert()))
        case .callback where account.refusedCount > 0:
            return ending.fail(error, account.refusalCause(isHandshaking: isHandshaking))
        case .outOfMemory: return ending.fail(error, account.refusalCause(isHandshaking: isHandshaking))
        default: return ending.fail(error)
        }
    }

    /// Releases everything, in the order of size: TLS, streams, transport. Only ``account`` is left, and is empty.
    ///
    /// The one release path of a connection: every cause of an end leads here, exactly once.
    public func release() {
        precondition(state != .closed, "a connection is released once")
        precondition(!isInsideEvent, "callbacks close with close(code:reasonPhrase:); ngtcp2 still uses the connection")
        let tlsBefore = TLSMemory.tallyNow()
        releaseTLS()
        turns.removeAll()
        migration = nil
        // From here on it takes no commands, not from the service either that is told of the ends of its streams.
        state = .closed
        environment.forgetCommands(to: self)
        releaseStreams()
        native = nil
        keys.release(from: account)
        // After the `ngtcp2_conn`, which writes no more.
        qlog?.close(account)
        qlog = nil
        chargeTLS(since: tlsBefore)
        handshake.forgetIDs(account)
        account.release(account, from: .table)
        account.release(self, from: .table)
        borrowing.withdrawCommitment(of: self)
    }
}
