public import BoundedMemory
internal import CNgtcp2
internal import CShims
public import Datagrams
import FaultInjection

/// One QUIC connection, client or server, without sockets or clocks.
///
/// Methods are of four kinds, and none is of two:
///
/// - getters are nouns: ``state``, ``deadline``, ``path``;
/// - events go in: ``receive(_:path:ecn:at:)``, ``expire(at:)``;
/// - commands are imperatives: ``openStream(_:)``, ``close(code:reasonPhrase:)``, ``release()``;
/// - effects come out: ``transmit(into:at:)``, ``writeClose(for:into:at:)``.
///
/// After each event the caller asks for effects and for the next deadline. Whatever ends the connection is returned as
/// a ``ConnectionEnd``; the caller then takes the last packet from ``writeClose(for:into:at:)`` and calls ``release()``.
///
/// Owns: an `ngtcp2_conn`, a TLS session until the handshake is complete, and its streams. Released by: ``release()``.
/// Bound: ``BoundedMemory/MemoryAccount/bytesLimit`` of ``account``, refused at the allocator. It follows what the connection borrows, up
/// to ``TransportConfiguration/connectionBytesLimit``.
@safe
public final class Connection {
    /// Which side of the connection this is.
    public enum Role: Sendable {
        /// It opened the connection.
        case client
        /// It accepted the connection.
        case server
    }

    // Properties on the path of a packet are not checked for exclusive access: one thread uses a connection, and none of these is changed
    // by a method that calls out. The TLS session and the log are checked: GnuTLS and ngtcp2 are given both.

    /// Which side this is.
    public let role: Role
    /// The name its endpoint gave it.
    public let handle: ConnectionHandle
    /// Every byte it holds, by class.
    public let account: MemoryAccount
    /// When it was made.
    public let createdAt: MonotonicInstant
    /// Where it is in its life.
    @safe @exclusivity(unchecked) public private(set) var state = ConnectionState.handshaking
    /// The connection IDs that lead here: ours, and the one the client made up first.
    ///
    /// Kept here because `ngtcp2_conn_get_scid` does not list an ID whose allocation failed half way.
    package private(set) var sourceConnectionIDs = ConnectionIDList()
    /// The last 16 bytes of the stateless resets by which the peer may end this connection, in the form of IDs.
    package private(set) var peerResetTokens = ConnectionIDList()
    /// The application protocol TLS agreed on; nil before that.
    public internal(set) var applicationProtocol: String?
    /// A moment of the application's own: ``StreamService/connectionDidWake(_:)`` is called then, once for each moment that is set.
    @safe @exclusivity(unchecked) public var applicationDeadline = MonotonicInstant.distantFuture {
        didSet { if applicationDeadline < oldValue { _ = beginCommand() } }
    }
    /// An object that the application keeps for this connection; nil at first, and again after
    /// ``StreamService/connectionDidClose(_:_:)``.
    public var context: AnyObject?

    /// The source of clients it is counted for; `none` where none is.
    package var source = SourcePrefix.none

    /// Whether anything of the peer's has arrived.
    @safe @exclusivity(unchecked) public private(set) var hasReceived = false
    /// The outcome of the bytes that the client sends before the handshake is complete. At a client it is settled when the handshake
    /// is.
    @safe @exclusivity(unchecked) public internal(set) var earlyData = EarlyDataState.none
    /// The alert that tells why the peer's certificate did not stand up to verification; 0 where it did, or where there was none.
    private var certificateAlert: UInt8 = 0

    let environment: ConnectionEnvironment
    /// ngtcp2 calls back while it is at work, and callbacks ask it for more; ``release()`` alone takes it away, outside of every event.
    @safe @exclusivity(unchecked) var native: NativeConnection?
    var tls: TLSSession?
    @safe @exclusivity(unchecked) var streams = StreamList()
    @safe @exclusivity(unchecked) var sendQueue = StreamQueue()
    @safe @exclusivity(unchecked) var waiting: WaitingDatagrams?
    /// The datagrams to send, and their counts; nil before the first.
    @safe @exclusivity(unchecked) var datagramFrames: DatagramFrameQueue?
    /// The log of its packets; nil where there is none.
    var qlog: QlogFile?
    @safe @exclusivity(unchecked) var turn = Turn()
    /// The service that was told that the connection is open, until it is told of the end.
    @safe @exclusivity(unchecked) private(set) var service: (any StreamService)?
    /// The moment of the event being handled, for callbacks that need one.
    @safe @exclusivity(unchecked) var now: MonotonicInstant
    @safe @exclusivity(unchecked) var watch: ProgressWatch
    @safe @exclusivity(unchecked) var acknowledgements = AcknowledgementWatch()
    @safe @exclusivity(unchecked) var meter = PacketMeter()
    @safe @exclusivity(unchecked) var borrowing: Borrowing
    /// The changes of the client's address; nil before the first.
    @safe @exclusivity(unchecked) var migration: PathMigration?
    /// How long a connection may be silent before it sends a PING, in nanoseconds; the greatest number for ever.
    private var keepAliveNanoseconds = UInt64.max
    /// From when on it ends as soon as its streams have, because its server drains; the distant future where it does not.
    var drainEnd = MonotonicInstant.distantFuture
    /// ngtcp2's timer as it was before the time of the last packet's pacing, which nothing waits for: ``transmit(into:at:)``. The clock's
    /// start where something may have changed it since.
    @safe @exclusivity(unchecked) var restingTimer = MonotonicInstant(nanoseconds: 0)
    private var closing: ClosingDetails?
    // From here on by size, so that no bytes are lost between them.
    /// Bytes of packets sent, as far as they matter for path MTU discovery.
    @safe @exclusivity(unchecked) var transmittedBytes: UInt32 = 0
    /// The least that ngtcp2 held of this connection while no stream was open.
    @safe @exclusivity(unchecked) var leanTransportBytes = UInt32.max
    /// CRYPTO bytes that TLS was given during the handshake.
    var handshakeIntake = HandshakeIntake()
    private var failure = NativeError.none
    /// Whether ngtcp2 is at work, and calls back.
    @safe @exclusivity(unchecked) private var isInsideEvent = false
    /// Whether a PING is to be sent at once.
    @safe @exclusivity(unchecked) var wantsPing = false
    /// Whether a probe that is held back may leave.
    @safe @exclusivity(unchecked) var mayProbe = false
    /// Whether the application gave a command since the connection last could send.
    @safe @exclusivity(unchecked) var hasCommand = false
    /// Whether stream data and datagrams may go into the packet that is being written.
    @safe @exclusivity(unchecked) var offersData = true
    /// Whether ngtcp2 is past the handshake as well: it is not yet while it tells of its completion.
    var mayUpdateKeys = false
    @safe @exclusivity(unchecked) private var requestedEnd: ConnectionEnd?
    private var receivedStatelessReset = false

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
        watch = ProgressWatch(at: now)
        borrowing = Borrowing(windowBytes: environment.configuration.connectionWindow.initialBytes, at: now)
        account = MemoryAccount(ledger: environment.ledger)
        account.floorBytes = environment.configuration.handshakeFloorBytes
        account.bytesLimit = environment.configuration.handshakeBytesLimitWithChain
        account.charge(self, to: .table)
        account.charge(account, to: .table)
        for id in sourceConnectionIDs { add(id) }
    }

    deinit {
        precondition(state == .closed, "a connection must be released by its endpoint")
    }

    /// What this connection may use.
    public var configuration: TransportConfiguration { environment.configuration }

    /// The version that both sides have agreed on; nil before that, and once it is released. RFC 9368 §2.
    public var version: QUICVersion? { native?.version }

    /// How many streams are open.
    public var streamCount: Int { streams.count }

    /// Whether the handshake is still under way: what arrives at a server is early data then.
    public var isHandshaking: Bool { state == .handshaking }

    /// The addresses it uses at the moment; nil once it is released.
    public var path: NetworkPath? { native?.path }
}

// MARK: - The application

extension Connection {
    /// The error code of the peer's CONNECTION_CLOSE of the transport, once it arrived.
    public var peerCloseCode: TransportErrorCode? { closing?.peerTransportCode }

    /// The name that the client asked for in its ClientHello (SNI), until the handshake is over: in
    /// ``StreamService/admission(of:)`` and ``StreamService/connectionDidOpen(_:)``. RFC 6066 §3.
    public var serverName: String? { tls?.serverName }

    /// The peer's certificate in DER, as long as the TLS session lives: in ``StreamService/admission(of:)`` and
    /// ``StreamService/connectionDidOpen(_:)``. At a server nil unless it asks for one and the client has one:
    /// ``QUICTLS/ClientAuthentication``.
    public var peerCertificate: [UInt8]? { tls?.peerCertificate }

    /// Whether it ended because the peer's certificate did not stand up to verification.
    public var refusedCertificate: Bool { certificateAlert != 0 }

    /// Shows `candidate` a connection whose handshake is complete, and has it serve the connection unless it refuses.
    ///
    /// A client may send requests with the end of its handshake: they go to nobody when it is refused.
    func open(to candidate: any StreamService) {
        if role == .server, case .refuse(let code, let reasonPhrase) = candidate.admission(of: self) {
            return close(code: code, reasonPhrase: reasonPhrase)
        }
        service = candidate
        candidate.connectionDidOpen(self)
        if environment.isDraining { beginDrain() }
    }

    /// Tells the service that the connection has ended, after everything it held was released.
    package func tellEnd(_ cause: CloseCause) {
        let isApplications = cause == .localClose || cause == .peerClose
        service?.connectionDidClose(
            self,
            CloseReport(
                cause: cause,
                applicationCode: isApplications ? closing?.applicationCode : nil,
                reasonPhrase: isApplications ? closing?.reasonPhrase ?? "" : ""
            )
        )
        service = nil
        context = nil
    }

    /// The moment of ``applicationDeadline`` has come.
    package func wake() {
        service?.connectionDidWake(self)
    }
}

// MARK: - Events

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
        let inFlightBefore = bytesInFlight
        isInsideEvent = true
        let openedBefore = qh_opened_packets_now()
        let meterBefore = meter
        defer { isInsideEvent = false }
        guard let reading = native?.read(datagram, path: path, ecn: ecn, notesPath: role == .server, at: now)
        else { return nil }
        releaseTLSIfDone()
        if reading.error == .dropped, isFirst, qh_opened_packets_now() != openedBefore {
            // A packet of a client's without CRYPTO: it probes for a server whose ClientHello was lost (RFC 9002 §6.2.4). Some
            // clients probe with PING alone until something of theirs is acknowledged. A Retry lets them begin again.
            return .discard(.addressValidation)
        }
        if reading.error != .none { return end(after: reading.error) }
        if qh_opened_packets_now() != openedBefore {
            noteHeard(bytesInFlight: inFlightBefore)
            if let previous = reading.otherPath { noteMigration(by: datagram, from: path, previous: previous) }
        }
        meter.noteOpened(qh_opened_packets_now() &- openedBefore, since: meterBefore, at: now)
        return requestedEnd ?? endOfRetention() ?? endOfUselessPackets
    }

    /// The end of a connection whose client keeps the server busy for nothing.
    private var endOfUselessPackets: ConnectionEnd? {
        guard role == .server else { return nil }
        let whenBusy = environment.isBusy ? configuration.uselessPacketsPerSecondWhenBusy : nil
        let limit = min(configuration.uselessPacketsPerSecond ?? .max, whenBusy ?? .max)
        return meter.uselessPackets > limit ? .close(.uselessPackets) : nil
    }

    /// Remembers why ngtcp2 gave up, and says what is left to do.
    func end(after error: NativeError) -> ConnectionEnd {
        failure = error
        switch error {
        case .draining:
            notePeerClose()
            return .drain(peerCloseCause)
        case .idleTimeout:
            return .discard(.idleTimeout)
        case .handshakeTimeout:
            return .discard(.handshakeTimeout)
        case .wantsRetry:
            return .discard(.addressValidation)
        case .dropped:
            return .discard(.transportError)
        case .versionNegotiation:
            return .discard(.versionNegotiation)
        case .tls:
            if let alert = tls?.certificateAlert { certificateAlert = alert }
            if certificateAlert == 0, tls?.refusedCertificate ?? false { certificateAlert = pendingAlert }
            // GnuTLS has one alert for whatever is wrong with a certificate.
            return .close(.tlsAlert(certificateAlert == 0 ? pendingAlert : certificateAlert))
        case .outOfMemory:
            return .close(refusalCause)
        case .callback where account.refusedCount > 0:
            return .close(refusalCause)
        default:
            return .close(.transportError)
        }
    }

    /// Whether the connection's own limit refused it memory, or the system did.
    private var refusalCause: CloseCause {
        if account.limitRefusedCount > 0 { return .budgetExceeded(isHandshaking ? .handshake : .connection) }
        return account.wasRefusedByProcess ? .budgetExceeded(.process) : .outOfMemory
    }

    private var pendingAlert: UInt8 { native?.tlsAlert ?? 0 }

    private var peerCloseCause: CloseCause {
        if receivedStatelessReset { return .statelessReset }
        if let alert = peerCloseCode?.alert { return .tlsAlert(alert) }
        return peerCloseCode == .connectionRefused ? .refused : .peerClose
    }

    private func notePeerClose() {
        guard let close = native?.peerClose else { return }
        let details = ClosingDetails()
        closing = details
        details.reasonPhrase = close.reasonPhrase
        if close.isApplication {
            details.applicationCode = close.code
        } else {
            details.peerTransportCode = TransportErrorCode(rawValue: close.code)
        }
    }

    /// Ends the connection after the present event: the handshake is complete for TLS, and has not come to anything.
    func refuseHandshake(alert: UInt8) {
        requestedEnd = requestedEnd ?? .close(.tlsAlert(alert))
    }

    func noteStatelessReset() {
        receivedStatelessReset = true
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
        guard requestedEnd == nil, beginCommand() else { return }
        let details = ClosingDetails()
        details.applicationCode = min(code, ClosingDetails.largestCode)
        details.reasonPhrase = Array(reasonPhrase.utf8).withRawSpan { ClosingDetails.phrase($0) }
        closing = details
        requestedEnd = .close(.localClose)
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
        hasCommand = true
        environment.host.connectionWantsAttention(self)
        return true
    }

    /// Sends a PING whenever nothing was sent or received for `interval`; nil for never. RFC 9000 §10.1.2.
    public func keepAlive(every interval: Duration?) {
        guard beginCommand() else { return }
        keepAliveNanoseconds = interval?.nativeNanoseconds ?? .max
        native?.keepAlive(everyNanoseconds: keepAliveNanoseconds)
    }

    /// Calls `body`, in which ngtcp2 writes a PING if there is nothing else and it may write at all, which it may not at the
    /// moment of the last packet received.
    func pinging<Result>(_ body: () -> Result) -> Result {
        guard wantsPing, !acknowledgements.isSilent || acknowledgements.afterLastHeard <= now else { return body() }
        wantsPing = false
        native?.keepAlive(everyNanoseconds: 1)
        defer { native?.keepAlive(everyNanoseconds: keepAliveNanoseconds) }
        return body()
    }

    /// Starts using the next generation of keys. RFC 9001 §6.
    ///
    /// - Throws: While the handshake is not confirmed or the last update is too recent. RFC 9001 §6.1.
    public func updateKeys(at now: MonotonicInstant) throws(QUICError) {
        guard native != nil else { throw QUICError("the connection is closed") }
        // ngtcp2 aborts before the handshake is complete instead of refusing.
        guard mayUpdateKeys else { throw QUICError("the handshake is not complete") }
        let tlsBefore = TLSMemory.tallyNow()
        defer { chargeTLS(since: tlsBefore) }
        forgetRestingTimer()
        try native?.updateKeys(at: now)
    }

    /// The end that ``close(code:reasonPhrase:)`` asked for, for callers outside of an event.
    public var pendingEnd: ConnectionEnd? { requestedEnd }

    /// Releases everything, in the order of size: TLS, streams, transport. Only ``account`` is left, and is empty.
    ///
    /// The one release path of a connection: every cause of an end leads here, exactly once.
    public func release() {
        precondition(state != .closed, "a connection is released once")
        precondition(!isInsideEvent, "callbacks close with close(code:reasonPhrase:); ngtcp2 still uses the connection")
        let tlsBefore = TLSMemory.tallyNow()
        releaseTLS()
        waiting = nil
        datagramFrames = nil
        migration = nil
        // From here on it takes no commands, not from the service either that is told of the ends of its streams.
        state = .closed
        while let stream = streams.removeFirst() { forget(stream) }
        sendQueue.removeAll()
        native = nil
        endQlog()
        chargeTLS(since: tlsBefore)
        sourceConnectionIDs.removeAll(owner: account, chargedTo: .table)
        peerResetTokens.removeAll(owner: account, chargedTo: .table)
        account.release(account, from: .table)
        account.release(self, from: .table)
        withdrawCommitment()
        account.floorBytes = 0
    }

    /// Takes note of a connection ID that now leads here.
    func add(_ id: ConnectionID) {
        sourceConnectionIDs.append(id, owner: account, chargedTo: .table)
    }

    func add(peerResetToken token: ConnectionID) {
        peerResetTokens.append(token, owner: account, chargedTo: .table)
    }

    func remove(peerResetToken token: ConnectionID) {
        peerResetTokens.remove(token, owner: account, chargedTo: .table)
    }

    /// Takes note of a connection ID that no longer leads here.
    func remove(_ id: ConnectionID) {
        sourceConnectionIDs.remove(id, owner: account, chargedTo: .table)
    }

    /// The handshake is complete: from now on the larger limit holds, and TLS can go.
    func establish(protocol name: String?) {
        state = .established
        applicationProtocol = name
        account.floorBytes = configuration.floorBytes
        // Early data of our own may fill more.
        account.bytesLimit = max(restingBytesLimit, earlyData == .offered ? account.bytesLimit : 0)
        makeRoomForStreams()
    }

    /// Frees the TLS session after the handshake and its ticket; not from inside a callback, where ngtcp2 still uses it.
    func releaseTLSIfDone() {
        guard tls != nil, !isHandshaking, tls?.awaitsTicket != true else { return }
        releaseTLS()
    }

    private func releaseTLS() {
        native?.detachTLS()
        if FaultInjection.dropsSession(if: tls != nil && role == .server), let session = tls.take() {
            FaultInjection.leak(session)
        }
        tls = nil
    }
}

// MARK: - Effects

extension Connection {
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
        let frame: NativeConnection.CloseFrame =
            switch end.cause {
            case .tlsAlert(let alert): .tlsAlert(alert)
            case .localClose, .shutdown, .drained:
                .application(
                    code: closing?.applicationCode ?? min(service?.finishCode ?? 0, ClosingDetails.largestCode),
                    reasonPhrase: closing?.reasonPhrase ?? ""
                )
            default: .transport(failure)
            }
        // A connection that has used up its allowance is told so: RFC 9000 §10.2.
        return account.withoutLimit {
            native?.write(frame, into: &space, byteLimit: packetBytesLimit, at: now) ?? nil
        }
    }

    /// How many bytes a packet may take.
    ///
    /// ngtcp2 probes for a larger path MTU as soon as it is given room for a probe, so a connection that is idle or short
    /// gets none. RFC 9000 §14.3: endpoints SHOULD use DPLPMTUD to determine whether the path supports larger datagrams.
    var packetBytesLimit: Int {
        guard transmittedBytes >= TransportConfiguration.pathMTUDiscoveryBytes else {
            return Self.smallestMaximumDatagramBytes
        }
        return native?.packetBytesLimit ?? 0
    }
}
