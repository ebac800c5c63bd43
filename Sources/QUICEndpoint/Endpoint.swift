public import BoundedMemory
public import Datagrams
import FaultInjection
public import QUICTransport

/// A QUIC server without sockets, clocks or threads: datagrams and the time go in, datagrams and a deadline come out.
///
/// Feed it with ``receive(_:path:ecn:at:isHandedOver:)`` and ``expire(at:)``, then take what it has to send with
/// ``transmit(into:at:)`` until that leaves the batch empty, and come back at ``nextDeadline``. One thread at a time.
///
/// Owns: its connections, and one batch of replies that belong to no connection (96 KB). Released by: each connection's
/// end, or ``shutDown()``. Bound: ``AdmissionLimits`` for the number, ``QUICTransport/TransportConfiguration`` for the size
/// of each.
public final class Endpoint {
    /// Called exactly once for each connection, after everything it held was released.
    public var onClose: (Connection, CloseCause) -> Void {
        get { connections.onClose }
        set { connections.onClose = newValue }
    }

    /// Called with a packet that belongs to a connection of the worker `worker`; says whether that worker will get it.
    ///
    /// The bytes live as long as the call. The other endpoint takes them with
    /// ``receive(_:path:ecn:at:isHandedOver:)``. A packet that nobody takes, as without this, is dropped
    /// (``DropReason/otherWorker``).
    ///
    /// There are no loops: an ID names one worker, and that worker's endpoint never calls this for it.
    public var onOtherWorker: (_ worker: Int, RawSpan, NetworkPath, ECN) -> Bool = { _, _, _, _ in false }

    /// What happened lately.
    public let eventLog: EventLog

    private let tls: TLSServerContext
    private let connections: ConnectionSet
    private let environment: ConnectionEnvironment
    private let admission: Admission
    private let validation: AddressValidation
    private let oneTimeTokens: OneTimeTokens
    private let workerIndex: UInt8
    private let workerCount: Int
    private let replies = TransmitBatch(datagramCapacity: 64)
    // Not checked for exclusive access: one thread uses an endpoint, and none of these calls out while it changes.
    @safe @exclusivity(unchecked) private var limiters: ReplyLimiters
    @safe @exclusivity(unchecked) private var tally = EndpointStatistics()
    @safe @exclusivity(unchecked) private var isShuttingDown = false
    /// When a drain ends at the latest; the distant future where there is none.
    @safe @exclusivity(unchecked) private var drainDeadline = MonotonicInstant.distantFuture
    @safe @exclusivity(unchecked) private var shedder = Shedder()
    @safe @exclusivity(unchecked) private var latest = MonotonicInstant(nanoseconds: 0)

    /// - Parameters:
    ///   - tls: The certificate and the protocols, shared between workers.
    ///   - services: What answers on each application protocol.
    public init(configuration: EndpointConfiguration, tls: TLSServerContext, services: [any StreamService]) {
        let configuration = FaultInjection.isDefenceless ? configuration.withoutDefences : configuration
        self.tls = tls
        ledger = MemoryLedger(budget: configuration.memoryBudget)
        validation = AddressValidation(keys: configuration.tokenKeys)
        var transport = configuration.transport
        transport.certificateChainBytes = tls.certificateChainBytes
        transport.asksForCertificates = tls.asksForCertificates
        environment = ConnectionEnvironment(
            configuration: transport,
            ledger: ledger,
            resetSecret: configuration.resetSecret,
            ids: ConnectionIDSource(workerIndex: configuration.workerIndex, seed: configuration.seed),
            services: .byProtocol(Dictionary(services.map { ($0.applicationProtocol, $0) }) { first, _ in first }),
            addressValidation: validation
        )
        environment.serverTLS = tls
        connections = ConnectionSet(
            environment: environment,
            closingLimit: configuration.closingLimit,
            closingBytesLimit: configuration.closingBytesLimit,
            sourcesLimit: configuration.admission.limitsSources ? configuration.admission.sourcesLimit : 0,
            handshakeStepsPerTurn: configuration.admission.handshakeStepsPerTurn,
            waitingInitialsLimit: configuration.admission.waitingInitials
        )
        admission = Admission(limits: configuration.admission)
        eventLog = EventLog(capacity: configuration.eventLogCapacity)
        workerIndex = configuration.workerIndex
        workerCount = configuration.workerCount
        oneTimeTokens = configuration.oneTimeTokens ?? OneTimeTokens()
        limiters = ReplyLimiters(perSecond: configuration.admission.statelessRepliesPerSecond)
        connections.onEstablish = { [unowned self] in eventLog.append(.established, of: $0, at: latest) }
        connections.onEnd = { [unowned self] in logEnd(of: $0, $1) }
    }

    deinit {
        connections.releaseAll()
        environment.forgetServices()
    }

    /// When ``expire(at:)`` is due next, which is at once while datagrams wait for their turn; nil while nothing is.
    public var nextDeadline: MonotonicInstant? {
        if hasWorkForNextTurn { return latest }
        guard isDraining, !isShuttingDown else { return connections.nextDeadline }
        return min(connections.nextDeadline ?? drainDeadline, drainDeadline)
    }

    /// Whether something waits for the next turn that it can bring forward: not while clients alone wait, and there is no room for answers
    /// that may be refusals.
    private var hasWorkForNextTurn: Bool {
        connections.turns.hasConnections || (!connections.turns.clients.isEmpty && !replies.isFull)
    }

    /// Whether it drains, or did before it was shut down.
    public var isDraining: Bool { environment.isDraining }

    /// Whether every connection has ended since it drains.
    public var isDrained: Bool { isDraining && connections.counts.live == 0 }

    /// Whether it closes all connections: ``shutDown()``, or the end of the time for a drain.
    public var isEnding: Bool { isShuttingDown }

    /// Whether ``transmit(into:at:)`` may have something to send.
    public var wantsToTransmit: Bool { connections.wantsToTransmit || !replies.isEmpty || isShuttingDown }

    /// Whether a shutdown has sent all its close packets.
    public var isShutDown: Bool { isShuttingDown && connections.isEmpty && replies.isEmpty }

    /// Takes work for its connections from other threads; nil where there are none.
    public var executor: (any ConnectionExecutor)? {
        get { environment.executor }
        set { environment.executor = newValue }
    }

    /// Whether its thread has no time left, as far as the thread knows: clients whose packets bring nothing then are closed
    /// sooner.
    public var isBusy: Bool {
        get { environment.isBusy }
        set { environment.isBusy = newValue }
    }

    /// What every connection of this endpoint holds.
    public let ledger: MemoryLedger

    /// Everything countable at this moment.
    public var statistics: EndpointStatistics {
        var statistics = tally
        statistics.connections = connections.counts
        statistics.connectionIDs = connections.connectionIDCount
        statistics.sources = connections.sourceCount
        statistics.deadlines = connections.deadlineCount
        statistics.tableBytes = connections.tableBytes
        statistics.ledger = Dictionary(
            uniqueKeysWithValues: MemoryClass.allCases.map { ($0, connections.ledger.usage(of: $0)) }
        )
        statistics.retainedBytes = connections.retainedBytes
        statistics.ledgerTotal = connections.ledger.totalUsage
        statistics.usedBytes = ledger.share.usedBytes
        statistics.datagramFrames = environment.datagramFrames
        statistics.earlyData = environment.earlyData
        statistics.committedBytes = ledger.share.committedBytes
        statistics.handshakes.waiting = connections.turns.waitingCount
        statistics.handshakes.waited = connections.turns.waitedCount
        statistics.isDraining = isDraining
        return statistics
    }

    /// Whether the ledger says what connections, records and tables say of themselves.
    package var accountsAddUp: Bool { connections.accountsAddUp }

    /// What each live connection is and holds.
    public func reports(at now: MonotonicInstant) -> [ConnectionReport] {
        connections.reports(at: now)
    }

    /// The live connection that answers to `handle`.
    public func connection(_ handle: ConnectionHandle) -> Connection? {
        connections.connection(handle)
    }
}

// MARK: - Events

extension Endpoint {
    /// A datagram arrived.
    ///
    /// - Parameter isHandedOver: Whether another worker's endpoint received it, which has counted it.
    public func receive(
        _ datagram: RawSpan,
        path: NetworkPath,
        ecn: ECN,
        at now: MonotonicInstant,
        isHandedOver: Bool = false
    ) {
        let now = advance(to: now)
        if !isHandedOver {
            tally.received.count(datagram.byteCount)
            tally.ecnMarks[Int(ecn.rawValue)] += 1
        }
        guard datagram.byteCount > 0 else { return drop(.empty) }
        guard datagram.byteCount <= TransportConfiguration.receivedDatagramBytesLimit else { return drop(.oversized) }
        take(datagram, path: path, ecn: ecn, at: now, on: .arrival)
    }

    /// Takes a datagram to where it belongs.
    private func take(
        _ datagram: RawSpan,
        path: NetworkPath,
        ecn: ECN,
        at now: MonotonicInstant,
        on occasion: DatagramOccasion
    ) {
        switch DatagramHeader(datagram) {
        case .malformed:
            drop(.malformed)
        case .unsupportedVersion:
            if isBlocked(path) { return drop(.blockedPort) }
            negotiateVersion(datagram, path: path, at: now)
        case .packet(let destination, _, let isLong):
            if let handle = connections.route(to: destination) ?? connections.routeOfReset(datagram) {
                deliver(datagram, to: handle, path: path, ecn: ecn, at: now, on: occasion)
            } else if namesAnotherWorker(destination) {
                // Initial packets as well: those of a client's second flight go to an ID that a worker issued, and one
                // that the client made up opens its connection there as well as here.
                guard !onOtherWorker(Int(destination[0]), datagram, path, ecn) else { return }
                drop(.otherWorker)
                eventLog.append(.handOverOverflow, from: path.remote, at: now)
            } else if isBlocked(path) {
                drop(.blockedPort)
            } else if isLong,
                let isKept = connections.turns.clients.append(datagram, to: destination, path: path, ecn: ecn)
            {
                if !isKept { drop(.handshakeQueueFull) }
            } else if isLong, let initial = InitialPacket(datagram) {
                open(initial, datagram, path: path, ecn: ecn, at: now, hasWaited: occasion == .opening)
            } else if isLong {
                drop(.unroutable)
            } else {
                reset(destination, triggerBytes: datagram.byteCount, path: path, at: now)
            }
        }
    }

    /// It is `now`: for commands to connections outside of their events, before which nothing else tells the time.
    public func noteTime(_ now: MonotonicInstant) {
        _ = advance(to: now)
    }

    /// The moment of ``nextDeadline`` has come, or the caller has been once around its loop.
    ///
    /// Each call begins a turn: a connection handles ``QUICTransport/TransportConfiguration/datagramsPerTurn`` datagrams in one turn,
    /// and those beyond wait for the next. So do handshakes beyond ``AdmissionLimits/handshakeStepsPerTurn``.
    public func expire(at now: MonotonicInstant) {
        let now = advance(to: now)
        ledger.refreshShare()
        connections.beginTurn(at: now, into: replies)
        openWaiting(at: now)
        connections.reclaim(at: now, into: replies)
        connections.expire(at: now, into: replies)
        if isDraining, drainDeadline <= now { shutDown() }
    }

    private func deliver(
        _ datagram: RawSpan,
        to handle: ConnectionHandle,
        path: NetworkPath,
        ecn: ECN,
        at now: MonotonicInstant,
        on occasion: DatagramOccasion
    ) {
        // In its place it outlives the call: what a service wants ended then is only noted.
        let delivery = connections.withConnection(handle) {
            deliver(datagram, to: $0, path: path, ecn: ecn, at: now, on: occasion)
        }
        switch delivery {
        case .handled?: return
        case .received?: return connections.touch(handle)
        case .ended(let end)?:
            guard let connection = connections.connection(handle) else { return }
            return connections.finish(connection, end, at: now, into: replies)
        case nil: break
        }
        let isClosing = connections.answerClosing(handle, datagramBytes: datagram.byteCount, into: replies)
        drop(isClosing ? .closing : .unroutable)
    }

    private func deliver(
        _ datagram: RawSpan,
        to connection: Connection,
        path: NetworkPath,
        ecn: ECN,
        at now: MonotonicInstant,
        on occasion: DatagramOccasion
    ) -> DatagramDelivery {
        guard connection.accepts(datagram, from: path) else {
            drop(.otherPath)
            return connection.noteRefusal(at: now) ? .received : .handled
        }
        if ledger.share.pressure == .shedding, shedder.drops(datagram.byteCount, of: connection, ledger.share, at: now)
        {
            drop(.memoryPressure)
            return .handled
        }
        let isHandshaking = connection.isHandshaking
        let (turn, isAlone) = (connections.turns.number, connections.turns.company.note(connection.handle))
        let hasTime = !isHandshaking || occasion == .behindOpening || connections.turns.share.admitsContinuation
        if !(hasTime && connection.admitsDatagram(inTurn: turn, isAlone: isAlone)) {
            if connections.keepForNextTurn(datagram, path: path, ecn: ecn, of: connection) { return .handled }
            // A handshake whose datagrams may not wait, or have no room to, goes on at once: it would be lost otherwise.
            guard !hasTime, connection.admitsDatagram(inTurn: turn, isAlone: isAlone) else {
                drop(.queueFull)
                return .handled
            }
        }
        let bytesBefore = isHandshaking ? connection.handshakeBytesReceived : 0
        let end = connection.receive(datagram, path: path, ecn: ecn, at: now)
        let isStep = occasion != .behindOpening && connection.handshakeBytesReceived != bytesBefore
        connections.turns.share.noteDatagram(ofHandshake: isHandshaking, isStep: isStep)
        if let end { return .ended(end) }
        return connections.follow(connection) ? .received : .handled
    }

    /// ngtcp2 aborts when time runs backwards, so here it does not.
    private func advance(to now: MonotonicInstant) -> MonotonicInstant {
        latest = max(latest, now)
        environment.now = latest
        return latest
    }

    /// Whether `id` was issued by another worker of this server, as far as one can tell: anyone can make such an ID up.
    private func namesAnotherWorker(_ id: ConnectionID) -> Bool {
        id.count == TransportConfiguration.connectionIDLength && id[0] != workerIndex && Int(id[0]) < workerCount
    }

    /// Whether what came along `path` and leads to no connection is neither to open one nor to be answered.
    private func isBlocked(_ path: NetworkPath) -> Bool {
        admission.limits.blocksPorts && BlockedPorts.contains(path.remote.port)
    }

    private func logEnd(of connection: Connection, _ cause: CloseCause) {
        if case .budgetExceeded(let cap) = cause { eventLog.append(.budgetExceeded(cap), of: connection, at: latest) }
        eventLog.append(.closed(cause), of: connection, at: latest)
    }

    private func drop(_ reason: DropReason) {
        tally.drops[reason, default: 0] += 1
    }
}

// MARK: - Commands

extension Endpoint {
    /// Refuses new connections, lets the others finish, and closes those that are left at `deadline`, as ``shutDown()`` does.
    ///
    /// Services are told (``QUICTransport/StreamService/connectionShouldFinish(_:)``). A connection is closed when none of its streams
    /// is left that holds it up, everything sent is acknowledged, and one probe timeout has passed since its service was told;
    /// ``isDrained`` says when none is left. Of several deadlines the earliest counts.
    public func drain(by deadline: MonotonicInstant, at now: MonotonicInstant) {
        _ = advance(to: now)
        drainDeadline = min(drainDeadline, deadline)
        guard !isDraining else { return }
        environment.isDraining = true
        connections.beginDrain()
    }

    /// Closes every connection, as far as ``transmit(into:at:)`` is called, and refuses new ones, those that wait included.
    public func shutDown() {
        isShuttingDown = true
    }

    /// Ends every connection without a word to its peer, and refuses new ones, since the thread that drives this endpoint cannot go on.
    /// Services are told why: ``QUICTransport/CloseCause/workerFailed``.
    public func fail() {
        shutDown()
        connections.endAll(.discard(.workerFailed), at: latest, into: replies)
    }

    /// Closes one connection with CONNECTION_CLOSE.
    ///
    /// - Parameter code: The application's error code. RFC 9000 §20.2.
    public func close(_ handle: ConnectionHandle, code: UInt64 = 0, at now: MonotonicInstant) {
        guard let connection = connections.connection(handle) else { return }
        connection.close(code: code)
        connections.finish(connection, .close(.localClose), at: advance(to: now), into: replies)
    }
}

// MARK: - Effects

extension Endpoint {
    /// Fills `batch` with what may be sent now; leaves it empty when there is nothing.
    ///
    /// - Precondition: `batch` is empty.
    public func transmit(into batch: TransmitBatch, at now: MonotonicInstant) {
        precondition(batch.isEmpty, "send the batch before filling it again")
        let now = advance(to: now)
        replies.move(into: batch)
        if isShuttingDown { closeConnections(into: batch, at: now) }
        connections.transmit(into: batch, at: now)
        for position in 0..<batch.count { tally.transmitted.count(batch[position].count) }
    }

    private func closeConnections(into batch: TransmitBatch, at now: MonotonicInstant) {
        while !batch.isFull, let connection = connections.nextLiveConnection() {
            connections.finish(connection, .close(.shutdown), at: now, into: batch)
        }
        if connections.counts.live == 0 { connections.removeClosingRecords() }
    }

    /// Puts one reply that `write` makes into the queue, and says whether it is there.
    private func reply(on path: NetworkPath, _ write: (UnsafeMutableRawBufferPointer) -> Int) -> Bool {
        guard !replies.isFull else { return false }
        return unsafe replies.append { space in (unsafe write(space), path, .notCapable) } > 0
    }
}

// MARK: - Datagrams without a connection

extension Endpoint {
    /// Opens connections to clients that wait, as many as the turn has time for, or refuses them, as many as the batch of replies has room
    /// for.
    private func openWaiting(at now: MonotonicInstant) {
        while connections.turns.share.admitsOpening, !replies.isFull,
            var client = connections.turns.clients.popFirst()
        {
            let (path, ecn) = (client.initial.path, client.initial.ecn)
            client.initial.withBytes { take($0, path: path, ecn: ecn, at: now, on: .opening) }
            while let other = client.others.popFirst() {
                other.withBytes { take($0, path: other.path, ecn: other.ecn, at: now, on: .behindOpening) }
            }
        }
    }

    /// - Parameter hasWaited: Whether it is admitted in this turn, if it is, and those that wait came after it.
    private func open(
        _ initial: InitialPacket,
        _ datagram: RawSpan,
        path: NetworkPath,
        ecn: ECN,
        at now: MonotonicInstant,
        hasWaited: Bool
    ) {
        // A worker without connections has not looked for as long as it had nothing to do.
        ledger.share.refresh()
        var verdict = validation.verdict(on: initial, from: path.remote, at: now)
        let ahead = hasWaited ? 0 : connections.turns.clients.count
        var decision = admission.decide(verdict, load(of: path.remote, waiting: ahead))
        if case .accept = decision, !hasWaited, ahead > 0 || !connections.turns.share.admitsOpening {
            if connections.turns.clients.push(datagram, to: initial.destination, path: path, ecn: ecn) {
                connections.turns.noteWait()
                return
            }
            guard admission.mayAskToWait(verdict) else { return drop(.handshakeQueueFull) }
            decision = .retry
        }
        // Used when it brings something: a token that could not help its client this time may do so the next.
        if case .accept = decision, verdict.provesAddress, !spend(initial, verdict, at: now) {
            verdict = verdict.whenUsedBefore
            decision = admission.decide(verdict, load(of: path.remote, waiting: ahead))
        }
        tally.admissions[decision.label, default: 0] += 1
        if let refusal = EndpointEvent.Refusal(decision) {
            eventLog.append(.refused(refusal), from: path.remote, at: now)
        }
        switch decision {
        case .accept(let retriedFrom):
            accept(
                initial,
                datagram,
                retriedFrom: retriedFrom,
                isProven: verdict.provesAddress,
                path: path,
                ecn: ecn,
                at: now
            )
        case .retry:
            sendRetry(answering: initial, path: path, at: now)
        case .refuseHandshakes, .refuseConnections, .refuseMemory, .refuseSource, .refuseShutdown:
            refuse(initial, .connectionRefused, path: path, at: now)
        case .rejectToken:
            // RFC 9000 §8.1.2: the server SHOULD immediately close the connection with an INVALID_TOKEN error.
            refuse(initial, .invalidToken, path: path, at: now)
        }
    }

    /// Uses the token of `initial`, which proves an address; false when it did so before.
    private func spend(_ initial: InitialPacket, _ verdict: AddressValidation.Verdict, at now: MonotonicInstant) -> Bool
    {
        if FaultInjection.isDefenceless { return true }
        let isKnown = verdict == .known
        guard oneTimeTokens.spend(initial.token, of: isKnown ? .regular : .retry, at: now) else {
            tally.addressTokens.spent += 1
            return false
        }
        if isKnown { tally.addressTokens.known += 1 } else { tally.addressTokens.retried += 1 }
        return true
    }

    /// What admission has to know about a first packet from `remote`.
    ///
    /// - Parameter waiting: The clients that wait and will have their handshakes first: to admission these are under way.
    private func load(of remote: SocketAddress, waiting: Int) -> Admission.Load {
        var load = Admission.Load(counts: connections.counts, isShuttingDown: isShuttingDown || isDraining)
        load.counts.handshaking += waiting
        load.hasMemory = ledger.share.admitsConnection
        guard admission.limits.limitsSources else { return load }
        let source = SourcePrefix(of: remote)
        load.source = connections.counts(of: source)
        load.hasRoomForSource = connections.hasRoom(for: source)
        return load
    }

    private func accept(
        _ initial: InitialPacket,
        _ datagram: RawSpan,
        retriedFrom: ConnectionID?,
        isProven: Bool,
        path: NetworkPath,
        ecn: ECN,
        at now: MonotonicInstant
    ) {
        connections.turns.share.noteOpening()
        let source = connections.unusedID()
        let connection: Connection?
        do throws(QUICError) {
            connection = try connections.insert(routing: [source, initial.destination]) { handle throws(QUICError) in
                try Connection.accept(
                    initial,
                    retriedFrom: retriedFrom,
                    isAddressProven: isProven,
                    source: source,
                    path: path,
                    handle: handle,
                    environment: environment,
                    tls: tls,
                    at: now
                )
            }
        } catch {
            return drop(.outOfMemory)
        }
        guard let connection else { return drop(.unroutable) }
        if admission.limits.limitsSources { connections.count(connection, at: SourcePrefix(of: path.remote)) }
        eventLog.append(.accepted, of: connection, at: now)
        guard let end = connection.receive(datagram, path: path, ecn: ecn, at: now) else {
            _ = connections.follow(connection)
            return
        }
        connections.finish(connection, end, at: now, into: replies)
        // RFC 9000 §17.2.5.2: a client MUST accept and process at most one Retry packet for each connection attempt.
        if end.cause == .addressValidation, retriedFrom == nil {
            sendRetry(answering: initial, path: path, at: now)
        }
    }

    private func sendRetry(answering initial: InitialPacket, path: NetworkPath, at now: MonotonicInstant) {
        guard limiters.retry.take(at: now) else { return drop(.rateLimited) }
        let source = environment.ids.makeConnectionID()
        let isQueued = unsafe reply(on: path) { space in
            unsafe StatelessPackets.retry(
                answering: initial,
                source: source,
                validation: validation,
                remote: path.remote,
                at: now,
                into: space
            )
        }
        if isQueued { tally.retries += 1 }
    }

    private func refuse(
        _ initial: InitialPacket,
        _ error: TransportErrorCode,
        path: NetworkPath,
        at now: MonotonicInstant
    ) {
        guard limiters.refusal.take(at: now) else { return drop(.rateLimited) }
        _ = unsafe reply(on: path) { unsafe StatelessPackets.close(answering: initial, error: error, into: $0) }
    }

    private func negotiateVersion(_ datagram: RawSpan, path: NetworkPath, at now: MonotonicInstant) {
        guard limiters.versionNegotiation.take(at: now) else { return drop(.rateLimited) }
        let unused = UInt8(truncatingIfNeeded: environment.ids.next())
        let isQueued = unsafe reply(on: path) { space in
            unsafe StatelessPackets.versionNegotiation(answering: datagram, unused: unused, into: space)
        }
        if isQueued { tally.versionNegotiations += 1 }
    }

    private func reset(_ id: ConnectionID, triggerBytes: Int, path: NetworkPath, at now: MonotonicInstant) {
        guard limiters.reset.take(at: now) else { return drop(.rateLimited) }
        let isQueued = unsafe reply(on: path) { space in
            unsafe StatelessPackets.reset(
                for: id,
                secret: environment.resetSecret,
                triggerBytes: triggerBytes,
                random: &environment.ids,
                into: space
            )
        }
        if isQueued { tally.statelessResets += 1 } else { drop(.unroutable) }
    }
}
