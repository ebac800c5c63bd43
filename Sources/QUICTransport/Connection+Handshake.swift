import BoundedMemory
internal import CNgtcp2
internal import CShims
public import Datagrams
import FaultInjection

extension Connection {
    /// The agreements of a handshake, and its progress.
    struct Handshake: ~Copyable {
        /// The connection IDs that lead here: ours, and the one the client made up first.
        ///
        /// Kept here because `ngtcp2_conn_get_scid` does not list an ID whose allocation failed half way.
        fileprivate var sourceConnectionIDs = ConnectionIDList()
        /// The last 16 bytes of the stateless resets by which the peer may end this connection, in the form of IDs.
        fileprivate var peerResetTokens = ConnectionIDList()
        fileprivate var applicationProtocol: String?
        /// CRYPTO bytes that TLS was given.
        var intake = HandshakeIntake()
        /// The alert that tells why the peer's certificate did not stand up to verification; 0 where it did, or where there was none.
        fileprivate var certificateAlert: UInt8 = 0
        fileprivate var earlyData = EarlyDataState.none
        /// Whether ngtcp2 is past the handshake as well: it is not yet while it tells of its completion, and at a client not before it
        /// has written its last packet of it.
        fileprivate var isOver = false
        /// Whether the endpoint has not been told yet that the handshake is complete.
        fileprivate var isCompletionUntold = false
        /// Whether it has not been told yet of that, or of anything else.
        fileprivate var hasEffects = false

        /// The handshake is complete.
        mutating func noteEstablished() {
            isCompletionUntold = true
            hasEffects = true
        }

        /// Takes note of a connection ID that already leads here.
        mutating func add(_ id: ConnectionID, _ account: MemoryAccount) {
            sourceConnectionIDs.append(id, owner: account, chargedTo: .table)
        }

        /// The connection has ended.
        mutating func forgetIDs(_ account: MemoryAccount) {
            sourceConnectionIDs.removeAll(owner: account, chargedTo: .table)
            peerResetTokens.removeAll(owner: account, chargedTo: .table)
            (isCompletionUntold, hasEffects) = (false, false)
        }

        /// The next thing that the endpoint has not been told of.
        fileprivate mutating func nextEffect(of role: Role, _ account: MemoryAccount) -> ConnectionEffect? {
            if isCompletionUntold {
                isCompletionUntold = false
                isOver = isOver || role == .server
                return .established
            }
            switch sourceConnectionIDs.takeChange(owner: account, chargedTo: .table) {
            case .removed(let id): return .retired(id)
            case .added(let id): return .issued(id)
            case nil: break
            }
            switch peerResetTokens.takeChange(owner: account, chargedTo: .table) {
            case .removed(let token): return .forgetsReset(token: token)
            case .added(let token): return .expectsReset(token: token)
            case nil: break
            }
            hasEffects = false
            return nil
        }
    }

    /// TLS's `unexpected_message` alert. RFC 8446 §6.
    private static let unexpectedMessageAlert: UInt8 = 10
    /// TLS's `decode_error` alert. RFC 8446 §6.2: the length of the message was incorrect.
    private static let decodeErrorAlert: UInt8 = 50
    /// TLS's `no_application_protocol` alert. RFC 7301 §3.2.
    private static let noApplicationProtocolAlert: UInt8 = 120
}

// MARK: - Agreements

extension Connection {
    /// Whether the handshake is still under way: what arrives at a server is early data then.
    public var isHandshaking: Bool { state == .handshaking }

    /// The CRYPTO bytes that a server's TLS was given: more of them were the costly part of a datagram.
    package var handshakeBytesReceived: Int { Int(handshake.intake.totalBytes) }

    /// The addresses it uses at the moment; nil once it is released.
    public var path: NetworkPath? { native?.path }

    /// The version that both sides have agreed on; nil before that, and once it is released. RFC 9368 §2.
    public var version: QUICVersion? { native?.version }

    /// The application protocol TLS agreed on; nil before that.
    public var applicationProtocol: String? { handshake.applicationProtocol }

    /// The outcome of the bytes that the client sends before the handshake is complete. At a client it is settled when the handshake
    /// is.
    public var earlyData: EarlyDataState { handshake.earlyData }

    /// The name that the client asked for in its ClientHello (SNI), until the handshake is over: in
    /// ``StreamService/admission(of:)`` and ``StreamService/connectionDidOpen(_:)``, and until the endpoint has followed
    /// ``ConnectionEffect/established``. RFC 6066 §3.
    public var serverName: String? { tls?.serverName }

    /// The peer's certificate in DER, as long as the TLS session lives: in ``StreamService/admission(of:)`` and
    /// ``StreamService/connectionDidOpen(_:)``, and until the endpoint has followed ``ConnectionEffect/established``. At a server nil unless
    /// it asks for one and the client has one: ``QUICTLS/ClientAuthentication``.
    public var peerCertificate: [UInt8]? { tls?.peerCertificate }

    /// Whether it ended because the peer's certificate did not stand up to verification.
    public var refusedCertificate: Bool { handshake.certificateAlert != 0 }

    /// Whether TLS took up where an earlier session left off, as long as the TLS session lives: in
    /// ``StreamService/connectionDidOpen(_:)``, and until the endpoint has followed ``ConnectionEffect/established``.
    public var isResumed: Bool { tls?.isResumed ?? false }

    /// Whether keys may be updated. RFC 9001 §6.1.
    var mayUpdateKeys: Bool { handshake.isOver }

    /// The alert with which a handshake has failed. GnuTLS has one alert for whatever is wrong with a certificate.
    func noteHandshakeAlert() -> UInt8 {
        let pending = native?.tlsAlert ?? 0
        if let alert = tls?.certificateAlert { handshake.certificateAlert = alert }
        if !refusedCertificate, tls?.refusedCertificate ?? false { handshake.certificateAlert = pending }
        return refusedCertificate ? handshake.certificateAlert : pending
    }
}

// MARK: - The beginning

extension Connection {
    /// A server's connection for a client's first packet, which is fed to ``receive(_:path:ecn:at:)`` next.
    ///
    /// - Parameters:
    ///   - initial: The header of the client's packet.
    ///   - retriedFrom: The connection ID the client first wrote to, when it answers a Retry.
    ///   - isAddressProven: Whether the packet's token proves the client's address. RFC 9000 §8.1.
    ///   - source: Our first connection ID; it already leads to `handle`.
    /// - Throws: When there is no memory for it. Nothing is left behind.
    public static func accept(
        _ initial: InitialPacket,
        retriedFrom: ConnectionID?,
        isAddressProven: Bool,
        source: ConnectionID,
        path: NetworkPath,
        handle: ConnectionHandle,
        environment: ConnectionEnvironment,
        tls: TLSServerContext,
        at now: MonotonicInstant
    ) throws(QUICError) -> Connection {
        let connection = Connection(
            role: .server,
            handle: handle,
            sourceConnectionIDs: [source, initial.destination],
            environment: environment,
            now: now
        )
        try connection.openOrRelease { () throws(QUICError) in
            try connection.begin(loggedAs: retriedFrom ?? initial.destination) { () throws(QUICError) in
                try NativeConnection(
                    accepting: initial,
                    retriedFrom: retriedFrom,
                    isAddressProven: isAddressProven,
                    source: source,
                    path: path,
                    owner: connection,
                    at: now
                )
            }
            try connection.attach(tls.makeSession(version: initial.version))
        }
        return connection
    }

    /// A client's connection to `path.remote`; its first packet comes from ``transmit(into:at:)``.
    ///
    /// - Parameters:
    ///   - source: Our first connection ID; it already leads to `handle`.
    ///   - destination: A random connection ID of at least 8 bytes. RFC 9000 §7.2.
    ///   - offersEarlyData: Whether streams may be opened and sent on at once, where an earlier connection to the server brought a ticket
    ///     that allows it: ``earlyData``. Such bytes may reach the server more than once, and have to bear that.
    /// - Throws: When there is no memory for it. Nothing is left behind.
    public static func connect(
        source: ConnectionID,
        destination: ConnectionID,
        path: NetworkPath,
        handle: ConnectionHandle,
        environment: ConnectionEnvironment,
        tls: TLSClientContext,
        version: QUICVersion = .v1,
        offersEarlyData: Bool = false,
        at now: MonotonicInstant
    ) throws(QUICError) -> Connection {
        let connection = Connection(
            role: .client,
            handle: handle,
            sourceConnectionIDs: [source],
            environment: environment,
            now: now
        )
        try connection.openOrRelease { () throws(QUICError) in
            try connection.begin(loggedAs: destination) { () throws(QUICError) in
                try NativeConnection(
                    connectingFrom: source,
                    to: destination,
                    path: path,
                    version: version,
                    owner: connection,
                    at: now
                )
            }
            let ticket = offersEarlyData ? tls.tickets?.early(for: version) : nil
            let isOffered = ticket.map { connection.offerEarlyData(with: $0) } ?? false
            try connection.attach(tls.makeSession(offersEarlyData: isOffered))
        }
        return connection
    }

    /// Charges what `open` makes GnuTLS hold, and leaves nothing behind when it throws.
    private func openOrRelease(_ open: () throws(QUICError) -> Void) throws(QUICError) {
        do throws(QUICError) {
            TLSMemory.prepareThread()
            let tlsBefore = TLSMemory.tallyNow()
            defer { chargeTLS(since: tlsBefore) }
            try open()
        } catch {
            release()
            throw error
        }
    }

    /// Sends and receives at another local address from now on without a word to the peer, as behind a NAT that gave the
    /// connection another port: for clients. RFC 9000 §9.3.3.
    public func rebind(to local: SocketAddress) {
        native?.rebind(to: local)
    }

    private func attach(_ session: consuming TLSSession) {
        native?.attach(session)
        tls = consume session
    }

    /// Frees the TLS session after the handshake and its ticket; not from inside a callback, where ngtcp2 still uses it, and not before
    /// the endpoint was told: it may want to know of the session.
    func releaseTLSIfDone() {
        guard tls != nil, !isHandshaking, !handshake.isCompletionUntold, tls?.awaitsTicket != true else { return }
        releaseTLS()
    }

    /// Frees the TLS session.
    func releaseTLS() {
        native?.detachTLS()
        if FaultInjection.dropsSession(if: tls != nil && role == .server), let session = tls.take() {
            FaultInjection.leak(session)
        }
        tls = nil
    }

    /// Charges what GnuTLS allocated and freed since `before`, in a call into this connection.
    func chargeTLS(since before: qh_tls_tally) {
        let after = TLSMemory.tallyNow()
        // Most calls into a connection after its handshake end here, before the call into another module.
        guard after.bytes != before.bytes || after.blocks != before.blocks else { return }
        let part = qh_tls_tally(bytes: after.bytes - before.bytes, blocks: after.blocks - before.blocks)
        // A service may be at work in a call into this connection or another one, which is not to be charged as well.
        qh_tls_tally_settle(part)
        account.adjust(bytes: Int(part.bytes), blocks: Int(part.blocks), of: .tls)
    }
}

extension TLSMemory {
    /// The bytes and blocks of GnuTLS on the calling thread, in all.
    static func tallyNow() -> qh_tls_tally { Accounting.isOn ? qh_tls_tally_now() : qh_tls_tally() }
}

extension Connection: KeyHost {
    /// TLS and ngtcp2 give it keys.
    package func withKeys(_ body: (inout ProtectionKeys, MemoryAccount) -> Int32) -> Int32 {
        body(&keys, account)
    }
}

// MARK: - CRYPTO frames

extension Connection {
    /// The decision about CRYPTO bytes.
    enum CryptoAdmission {
        /// TLS gets them.
        case take
        /// TLS gets them, and has a session ticket afterwards.
        case takeTicket
        case ignore
        /// The connection ends without an alert.
        case fail
        /// The connection ends with an alert of TLS.
        case refuse(alert: UInt8)
    }

    /// CRYPTO bytes go to TLS as long as there is a handshake.
    ///
    /// A server that fed later ones to GnuTLS would let a client fill its memory; one that fed them to a freed session
    /// would crash.
    func admitCrypto(_ bytes: RawSpan) -> CryptoAdmission {
        if isHandshaking {
            switch refusal(ofHandshakeBytes: bytes) {
            case nil: return .take
            case .tooManyBytes: return .fail
            case .messageTooLong: return .refuse(alert: Self.decodeErrorAlert)
            case .unexpectedMessage: return .refuse(alert: Self.unexpectedMessageAlert)
            }
        }
        switch role {
        case .client:
            // Session tickets and nothing else: they are for clients that resume.
            return tls?.awaitsTicket == true ? .takeTicket : .ignore
        case .server:
            // Not handed to the freed session, which would crash: the client may go on sending it.
            if FaultInjection.isDefenceless { return .ignore }
            // RFC 9001 §4.1.3: a client has nothing to say in TLS once the handshake is complete.
            return .refuse(alert: Self.unexpectedMessageAlert)
        }
    }

    /// Why CRYPTO bytes of the handshake are kept from TLS: they are more than any client sends.
    private func refusal(ofHandshakeBytes bytes: RawSpan) -> HandshakeIntake.Refusal? {
        guard role == .server else { return nil }
        let refusal = handshake.intake.admit(bytes, bytesLimit: configuration.handshakeCryptoBytesLimit)
        return FaultInjection.isDefenceless ? nil : refusal
    }
}

// MARK: - Completion

extension Connection {
    /// TLS has completed the handshake.
    func didCompleteHandshake() -> Int32 {
        let name = tls?.selectedProtocol
        // RFC 9001 §8.1: "When using ALPN, endpoints MUST immediately close a connection […] with a no_application_protocol TLS
        // alert […] if an application protocol is not negotiated." GnuTLS sees to that at a server only.
        if role == .client, name == nil {
            refuseHandshake(alert: Self.noApplicationProtocolAlert)
            return 0
        }
        let remembered = applicationProtocol
        handshake.applicationProtocol = name
        establish()
        ignoreWrappedIdleTimeout()
        settleEarlyData(agreedOn: name, ticketFor: remembered)
        let status = role == .server ? sendTicketAndToken() : 0
        guard status == 0, pendingEnd == nil else { return status }
        // Early data has opened it already.
        if let service {
            service.connectionDidCompleteHandshake(self)
        } else if let service = name.flatMap({ environment.services[$0] }) {
            if role == .client { environment.willOpen(self) }
            if pendingEnd == nil { open(to: service) }
        }
        return status
    }

    /// The client knows that the server has completed the handshake as well. RFC 9001 §4.1.2. A server knows it at once.
    func didConfirmHandshake() {
        handshake.isOver = true
    }

    /// Takes an idle timeout of the peer's that ngtcp2 could not hold for none, so that ours counts. RFC 9000 §10.1.
    ///
    /// Before 1.23 it multiplies the peer's milliseconds without looking at their number: of 18446744073710 it makes 0.4. Some
    /// numbers beyond become whole milliseconds, which cannot be told from those a client means; they harm only that client.
    private func ignoreWrappedIdleTimeout() {
        let nanoseconds = native?.peerParameters?.idleTimeoutNanoseconds ?? 0
        if nanoseconds % Self.nanosecondsPerMillisecond != 0 { native?.ignorePeerIdleTimeout() }
    }

    private static let nanosecondsPerMillisecond: UInt64 = 1_000_000

    /// Queues what lets the client come back cheaply, while the TLS session still exists.
    private func sendTicketAndToken() -> Int32 {
        guard let version else { return NGTCP2_ERR_CALLBACK_FAILURE }
        // A ticket has the client's certificates in it, comes back in a ClientHello, and outlives them where they expire.
        if configuration.sendsSessionTicket, tls?.hasPeerCertificate == false, prepareTicket(of: version) {
            guard tls?.sendTicket() == true else { return NGTCP2_ERR_CALLBACK_FAILURE }
        }
        guard let remote = path?.remote,
            let token = environment.addressValidation?.regularToken(for: remote, version: version, at: now)
        else { return 0 }
        return native?.submit(addressToken: token).number ?? NGTCP2_ERR_CALLBACK_FAILURE
    }

    /// Gets ready to make a ticket of a connection that has changed to `version`; false where GnuTLS has used the key of the first
    /// one already, since the client brought a ticket.
    ///
    /// RFC 9369 §5: "After compatible version negotiation, any resulting session ticket or token maps to the negotiated version
    /// rather than the original one."
    private func prepareTicket(of version: QUICVersion) -> Bool {
        guard version != native?.firstVersion, tls != nil else { return true }
        return environment.serverTLS?.changeTickets(of: &tls, to: version) ?? false
    }
}

// MARK: - Connection IDs

extension Connection {
    /// The connection IDs that lead here: ours, and the one the client made up first.
    package var sourceConnectionIDs: ConnectionIDList { _read { yield handshake.sourceConnectionIDs } }

    /// The last 16 bytes of the stateless resets by which the peer may end this connection, in the form of IDs.
    package var peerResetTokens: ConnectionIDList { _read { yield handshake.peerResetTokens } }

    /// Another connection ID, and its stateless reset token; nil when there is none to give.
    ///
    /// ngtcp2 asks no later than when it writes the packet that tells the peer of it. The endpoint has it lead here before that packet
    /// leaves, and ends the connection where it leads elsewhere, which of eleven random bytes none ever does:
    /// ``ConnectionEffect/issued(_:)``.
    func issueConnectionID() -> (ConnectionID, StatelessResetToken)? {
        let id = environment.ids.makeConnectionID()
        guard let token = StatelessResetToken(for: id, secret: environment.resetSecret) else { return nil }
        handshake.sourceConnectionIDs.add(id, owner: account, chargedTo: .table)
        handshake.hasEffects = true
        return (id, token)
    }

    /// The peer no longer uses `id`. RFC 9000 §19.16.
    func retireConnectionID(_ id: ConnectionID) {
        handshake.sourceConnectionIDs.remove(id, owner: account, chargedTo: .table)
        handshake.hasEffects = true
    }

    /// The peer's reset token `token` has come into use, or out of it.
    func note(_ token: ConnectionID, isActive: Bool) {
        if isActive {
            handshake.peerResetTokens.add(token, owner: account, chargedTo: .table)
        } else {
            handshake.peerResetTokens.remove(token, owner: account, chargedTo: .table)
        }
        handshake.hasEffects = true
    }
}

// MARK: - Effects on the endpoint

extension Connection {
    /// Whether ``nextEffect()`` has something to tell.
    public var hasEffects: Bool { handshake.hasEffects }

    /// The next thing that the endpoint has to follow, in the order of ``ConnectionEffect``'s cases; nil when there is none.
    ///
    /// Asked for after each event and each effect, and before the connection is released or one of its packets leaves. Nothing is left out
    /// of an event that ends the connection. A connection ID or a token that comes and goes within one event is not told of. So there are
    /// never more of them than the connection has and had IDs and tokens, and they take no memory of their own.
    ///
    /// The TLS session is freed with the first nil after ``ConnectionEffect/established``.
    public func nextEffect() -> ConnectionEffect? {
        guard hasEffects else { return nil }
        if let effect = handshake.nextEffect(of: role, account) { return effect }
        let tlsBefore = TLSMemory.tallyNow()
        defer { chargeTLS(since: tlsBefore) }
        releaseTLSIfDone()
        return nil
    }
}

// MARK: - Early data

/// Bytes that a connection sends and receives before its handshake is complete. RFC 9001 §4.6.
extension Connection: EarlyDataHost {
    /// The bytes of a handshake's limit that have to be free before a server reads a datagram of early data: a chunk of 8 KiB for what
    /// arrived out of order, some streams, and the echo of a datagram.
    private static let earlyDatagramRoomBytes = 12 << 10

    /// The least limit of a handshake with which a server accepts early data: 33,000 bytes for ngtcp2 with a few streams, and the room
    /// for a datagram.
    private static let earlyHandshakeBytesMinimum = 46 << 10

    /// Whether `datagram` is left unread because there is no room for its early data. The client sends it again.
    ///
    /// An address may not be the client's own. So its bytes are held to the memory limit of a handshake, and honest clients do not
    /// meet that: they are held back before.
    func holdsBackEarlyData(_ datagram: RawSpan) -> Bool {
        guard earlyData == .accepted, isHandshaking, role == .server, Self.isEarly(datagram) else { return false }
        guard account.bytesLimit - account.limitedBytes < Self.earlyDatagramRoomBytes else { return false }
        environment.earlyData.heldBack += 1
        return true
    }

    /// Whether a datagram begins with a 0-RTT packet. RFC 9000 §17.2.3, RFC 9369 §3.2.
    private static func isEarly(_ datagram: RawSpan) -> Bool {
        guard datagram.byteCount >= 5 else { return false }
        let first = datagram.byte(at: 0)
        let version = datagram.number(at: 1..<5)
        let type: UInt8 = version == UInt64(QUICVersion.v2.rawValue) ? 0b10 : 0b01
        return first & 0x80 != 0 && (first >> 4) & 0b11 == type
    }

    /// Whether the service for `name` takes early data, which the client offers.
    package func takesEarlyData(for name: String) -> Bool {
        handshake.earlyData = .offered
        guard account.bytesLimit >= Self.earlyHandshakeBytesMinimum else { return false }
        return environment.services[name]?.acceptsEarlyData ?? false
    }

    /// Counts the early data of a ClientHello that offers some.
    package func noteEarlyData(isAccepted: Bool) {
        guard earlyData == .offered else { return }
        environment.earlyData.offered += 1
        settleEarlyData(isAccepted: isAccepted)
    }

    /// Shows the connection to its service, since early data has arrived for it.
    func openForEarlyData() {
        guard isHandshaking, role == .server, earlyData == .accepted, service == nil, pendingEnd == nil,
            let name = tls?.selectedProtocol, let service = environment.services[name],
            service.acceptsEarlyData
        else { return }
        open(to: service, speaking: name)
    }

    /// Shows `candidate` a connection before its handshake is complete, by which both sides speak the protocol `name`.
    package func open(to candidate: any StreamService, speaking name: String) {
        precondition(isHandshaking && service == nil)
        handshake.applicationProtocol = name
        open(to: candidate)
    }

    /// Takes note of the outcome, at either side.
    private func settleEarlyData(isAccepted: Bool) {
        handshake.earlyData = isAccepted ? .accepted : .rejected
        if isAccepted {
            environment.earlyData.accepted += 1
        } else {
            environment.earlyData.rejected += 1
        }
    }

    /// Keeps the ticket that has come, with the values on which early data depends.
    func keepTicket() {
        tls?.keepTicket(version: version, protocol: applicationProtocol)
    }

    /// Begins with the parameters that the server had when it gave the ticket, so that streams can be opened at once.
    ///
    /// - Returns: Whether early data is offered.
    private func offerEarlyData(with ticket: SessionTicketStore.Early) -> Bool {
        guard native?.remember(parameters: ticket.parameters) ?? false else { return false }
        handshake.earlyData = .offered
        environment.earlyData.offered += 1
        // Until the server has chosen.
        handshake.applicationProtocol = ticket.applicationProtocol
        return true
    }

    /// The handshake is complete: takes note of the outcome of a client's early data, and sends it once more where the server rejected
    /// it.
    private func settleEarlyData(agreedOn name: String?, ticketFor remembered: String?) {
        guard role == .client, earlyData == .offered, native != nil else { return }
        let isAccepted = tls?.acceptsEarlyData ?? true
        settleEarlyData(isAccepted: isAccepted)
        guard !isAccepted else { return }
        native?.forgetEarlyData()
        sendEarlyDataAgain(isSameProtocol: name == remembered)
    }
}
