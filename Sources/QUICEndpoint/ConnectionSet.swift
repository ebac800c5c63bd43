public import BoundedMemory
public import Datagrams
import FaultInjection
public import QUICTransport

/// The connections of one endpoint, from their first packet until nothing of them is left.
///
/// It finds them by connection ID, wakes them at their deadlines, lets them send in turn, follows what they have done
/// (``QUICTransport/ConnectionEffect``), and is the only place that removes them: ``finish(_:_:at:into:)`` is the one path out, whatever
/// the cause.
///
/// Owns: the connections and the records of closing ones. Released by: ``finish(_:_:at:into:)`` and ``expire(at:into:)``.
/// Bound: connections are bounded by who admits them; clients that wait by ``AdmissionLimits/waitingInitials``; closing records by
/// ``closingLimit``.
public final class ConnectionSet {
    /// The account of every connection here together.
    public let ledger: MemoryLedger
    /// Called once for each connection whose handshake is complete, after the event that completed it. It may close, abandon and use any
    /// connection.
    var onEstablish: (Connection) -> Void = { _ in }
    /// Called exactly once for each connection, before anything that it holds is released.
    var onEnd: (Connection, CloseCause) -> Void = { _, _ in }
    /// Called exactly once for each connection, after everything it held was released.
    public var onClose: (Connection, CloseCause) -> Void = { _, _ in }
    /// Called when a connection's ``QUICTransport/Connection/applicationDeadline`` has come; it may end the connection.
    public var onWake: (Connection) -> Void = { _ in }

    // Not checked for exclusive access: one thread uses a set, and none of the tables calls out while it changes.

    /// Created, live and ended connections.
    @safe @exclusivity(unchecked) public private(set) var counts = ConnectionCounts()
    @safe @exclusivity(unchecked) private var slots: ConnectionSlots
    @safe @exclusivity(unchecked) private var routes: ConnectionRoutes
    @safe @exclusivity(unchecked) private var deadlines: DeadlineQueue
    /// Connections by their source, where there are limits for each.
    @safe @exclusivity(unchecked) private var sources: SourceTable
    /// The datagrams that wait for the next turn, and the part of the present one that handshakes may take.
    @safe @exclusivity(unchecked) var turns: Turns
    @safe @exclusivity(unchecked) private var closingRecords: ClosingRecords
    @safe @exclusivity(unchecked) private var reclaimer = Reclaimer()
    private let environment: ConnectionEnvironment
    /// The slot where ``nextLiveConnection()`` goes on.
    private var sweepPosition = 0
    /// When debug builds hold the ledger against the accounts.
    private var auditSchedule = AccountsAudit.Schedule()

    /// An empty set.
    ///
    /// - Parameters:
    ///   - environment: That of the connections.
    ///   - closingLimit: How many closing and draining records are kept; one more displaces the oldest.
    ///   - closingBytesLimit: How many bytes they may take together; one that does not fit displaces the oldest.
    ///   - sourcesLimit: How many sources of connections are counted; 0 for none.
    ///   - handshakeStepsPerTurn: ``AdmissionLimits/handshakeStepsPerTurn``.
    ///   - waitingInitialsLimit: ``AdmissionLimits/waitingInitials``.
    public init(
        environment: ConnectionEnvironment,
        closingLimit: Int = closingLimitDefault,
        closingBytesLimit: Int = closingBytesLimitDefault,
        sourcesLimit: Int = 0,
        handshakeStepsPerTurn: Int = .max,
        waitingInitialsLimit: Int = 1
    ) {
        self.environment = environment
        let ledger = environment.ledger
        self.ledger = ledger
        slots = ConnectionSlots(ledger: ledger)
        routes = ConnectionRoutes(ledger: ledger)
        deadlines = DeadlineQueue(ledger: ledger)
        sources = SourceTable(limit: sourcesLimit, ledger: ledger)
        turns = Turns(handshakeSteps: handshakeStepsPerTurn, waitingClients: waitingInitialsLimit, ledger: ledger)
        closingRecords = ClosingRecords(limit: closingLimit, bytesLimit: closingBytesLimit, ledger: ledger)
    }

    deinit {
        releaseAll()
    }

    /// Releases every connection, for an endpoint that goes away: no packet is sent, and ``onClose`` is not called.
    ///
    /// The endpoint calls this before it lets go of its TLS context. A TLS session that is freed after its context frees
    /// what all sessions shared, which no connection was charged for.
    func releaseAll() {
        while environment.takeCommanded() != nil {}
        for index in 0..<slots.count {
            guard case .live(let connection) = slots[index] else { continue }
            connection.release()
            connection.tellEnd(.shutdown)
        }
        slots.removeAll()
        FaultInjection.removeKept(for: ObjectIdentifier(self)) { (connection: Connection) in connection.release() }
    }
}

// MARK: - Getters

extension ConnectionSet {
    /// How many closing and draining records are kept; one more displaces the oldest.
    public var closingLimit: Int { closingRecords.limit }

    /// How many bytes closing and draining records may take together; one that does not fit displaces the oldest.
    public var closingBytesLimit: Int { closingRecords.bytesLimit }

    /// Connection IDs that lead somewhere.
    public var connectionIDCount: Int { routes.count }

    /// Deadlines waiting.
    public var deadlineCount: Int { deadlines.count }

    /// Sources of connections that are counted.
    var sourceCount: Int { sources.count }

    /// Bytes of the tables themselves: slots, routes, deadlines, sources, the order of records, clients that wait, and spare blocks of the
    /// ledger's. None when they are empty.
    public var tableBytes: Int {
        ledger.spareBytes + slots.allocatedBytes + routes.allocatedBytes + deadlines.allocatedBytes
            + closingRecords.allocatedBytes + sources.allocatedBytes + turns.clients.tableBytes
            + FaultInjection.tombstoneBytes(of: ObjectIdentifier(self))
    }

    /// The next moment at which something is due.
    public var nextDeadline: MonotonicInstant? { deadlines.next }

    /// Whether a connection waits for its turn to transmit.
    public var wantsToTransmit: Bool { slots.wantsToTransmit || environment.hasCommanded }

    /// Whether no slot is taken, and no client waits for one.
    public var isEmpty: Bool { slots.occupiedCount == 0 && turns.clients.isEmpty }

    /// The handle `id` leads to.
    public func route(to id: ConnectionID) -> ConnectionHandle? {
        routes.route(to: id)
    }

    /// The connection that `datagram` resets.
    func routeOfReset(_ datagram: RawSpan) -> ConnectionHandle? {
        routes.routeOfReset(datagram)
    }

    /// The connections of `source` now.
    func counts(of source: SourcePrefix) -> SourceCounts {
        sources.counts(of: source)
    }

    /// Whether a connection of `source` would be counted.
    func hasRoom(for source: SourcePrefix) -> Bool {
        sources.hasRoom(for: source)
    }

    /// Who answers to `handle` now.
    public func occupant(of handle: ConnectionHandle) -> Occupant {
        slots.occupant(of: handle)
    }

    /// Answers a datagram of a connection that has ended, where it left a record that should.
    ///
    /// - Returns: Whether there is a record.
    func answerClosing(_ handle: ConnectionHandle, datagramBytes: Int, into batch: TransmitBatch) -> Bool {
        guard case .closing(let record) = occupant(of: handle) else { return false }
        // RFC 9000 §10.2.1: the answer goes to the address it was first sent to.
        if record.shouldReply(toDatagramOf: datagramBytes), !batch.isFull {
            record.withPacket { batch.append(copying: $0, path: record.path) }
        }
        return true
    }

    /// What each live connection is and holds; about 600 bytes each while the result lives.
    public func reports(at now: MonotonicInstant) -> [ConnectionReport] {
        (0..<slots.count).compactMap { index in
            if case .live(let connection) = slots[index] { connection.report(at: now) } else { nil }
        }
    }

    /// Bytes of the transport that pools keep from closed streams, in all connections.
    ///
    /// - Complexity: O(n).
    var retainedBytes: Int {
        (0..<slots.count).reduce(0) { sum, index in
            if case .live(let connection) = slots[index] { sum + connection.retainedBytes } else { sum }
        }
    }

    /// Calls `body` with the live connection that answers to `handle`, in its place, where it must stay until `body` returns; nil
    /// without one.
    func withConnection<Result>(_ handle: ConnectionHandle, _ body: (Connection) -> Result) -> Result? {
        guard let connection = unsafe slots.connection(handle) else { return nil }
        return unsafe connection._withUnsafeGuaranteedRef(body)
    }

    /// The live connection that answers to `handle`.
    public func connection(_ handle: ConnectionHandle) -> Connection? {
        withConnection(handle) { $0 }
    }
}

// MARK: - Entering

extension ConnectionSet {
    /// Makes a connection in a slot of its own, with routes to it.
    ///
    /// - Parameters:
    ///   - ids: The connection IDs that are to lead to it.
    ///   - make: Makes the connection for the handle it is given.
    /// - Throws: What `make` throws; nothing is left behind then.
    /// - Returns: The connection; nil when one of `ids` already leads elsewhere.
    public func insert(
        routing ids: [ConnectionID],
        _ make: (ConnectionHandle) throws(QUICError) -> Connection
    ) throws(QUICError) -> Connection? {
        let handle = slots.take()
        guard routes.insert(ids, for: handle) else {
            slots.free(handle)
            return nil
        }
        do throws(QUICError) {
            let connection = try make(handle)
            slots.settle(.live(connection), at: handle)
            counts.created += 1
            counts.handshaking += 1
            touch(handle)
            return connection
        } catch {
            routes.retire(ids, from: handle)
            slots.free(handle)
            throw error
        }
    }

    /// An ID that leads nowhere yet, if there is one.
    func unusedID() -> ConnectionID {
        routes.unusedID(from: &environment.ids)
    }

    /// Counts a connection that was just inserted at its source, if there is room for that; it then is until its end.
    func count(_ connection: Connection, at source: SourcePrefix) {
        if sources.begin(source) { connection.source = source }
    }
}

// MARK: - Effects

extension ConnectionSet {
    /// Follows what `connection` has done. Called after each event and each effect of it, before anything else happens: packets with a new
    /// connection ID find it, and the counts agree with its state.
    ///
    /// - Returns: Whether it is still there: those that are told may have ended it.
    @inline(__always)
    func follow(_ connection: Connection) -> Bool {
        guard connection.hasEffects else { return true }
        return followAll(connection)
    }

    /// The same, for a connection that nothing but its slot keeps.
    @inline(never)  // It is rare, and its callers handle packets.
    private func followAll(_ connection: Connection) -> Bool {
        let kept = unsafe Unmanaged.passRetained(connection)
        defer { unsafe kept.release() }
        while let effect = connection.nextEffect() { follow(effect, of: connection) }
        return connection.state != .closed
    }

    private func follow(_ effect: ConnectionEffect, of connection: Connection) {
        let handle = connection.handle
        switch effect {
        case .established:
            counts.handshaking -= 1
            counts.established += 1
            counts.handshakesCompleted += 1
            if connection.source != .none { sources.establish(connection.source) }
            onEstablish(connection)
        case .issued(let id):
            // RFC 9000 §5.1: the same connection ID MUST NOT be issued more than once on the same connection; here it is not on any two,
            // closing ones included.
            guard !routes.insert(id, for: handle) else { return }
            connection.refuseConnectionID()
            touch(handle)
        case .retired(let id):
            routes.retire(id, from: handle)
        case .expectsReset(let token):
            routes.expectReset(withToken: token, of: handle)
        case .forgetsReset(let token):
            routes.forgetReset(withToken: token, of: handle)
        }
    }

    /// Takes note of the connections that were given commands outside of their own events.
    private func noteCommands() {
        while let handle = environment.takeCommanded() { touch(handle) }
    }
}

// MARK: - Living

extension ConnectionSet {
    /// Puts a connection into the queue of those that may have something to send.
    public func touch(_ handle: ConnectionHandle) {
        if case .live = occupant(of: handle) { slots.enqueue(handle.index) }
    }

    /// Lets touched connections send, one burst each in turn, until `batch` is full or all are done.
    ///
    /// - Parameter held: The address family whose connections have to wait; nil for none.
    public func transmit(
        into batch: TransmitBatch,
        holding held: SocketAddress.Family? = nil,
        at now: MonotonicInstant
    ) {
        var waiting: [ConnectionHandle] = []
        defer { for handle in waiting { touch(handle) } }
        while !batch.isFull, let dequeued = unsafe nextToTransmit() {
            // In its place it outlives the call: an end that a service wants then is only noted.
            let outcome = unsafe dequeued._withUnsafeGuaranteedRef { connection -> TransmitOutcome? in
                if let held, connection.path?.local.family == held {
                    waiting.append(connection.handle)
                    return nil
                }
                let outcome = connection.transmit(into: batch, at: now)
                guard follow(connection) else { return nil }
                switch outcome {
                case .idle: deadlines.set(connection.deadline, for: connection.handle.index)
                case .more: touch(connection.handle)
                case .ended: break
                }
                return outcome
            }
            if case .ended(let end) = outcome {
                finish(unsafe dequeued.takeUnretainedValue(), end, at: now, into: batch)
            }
        }
    }

    /// Takes the connection out of its queue whose turn it is to send.
    private func nextToTransmit() -> Unmanaged<Connection>? {
        if environment.hasCommanded { noteCommands() }
        return unsafe slots.dequeue()
    }

    /// Handles every deadline that has come.
    public func expire(at now: MonotonicInstant, into batch: TransmitBatch) {
        while let index = deadlines.popExpired(at: now) {
            switch slots[Int(index)] {
            case .none:
                preconditionFailure("a deadline outlived its connection")
            case .live(let connection):
                if let end = connection.expire(at: now) {
                    finish(connection, end, at: now, into: batch)
                } else if follow(connection) {
                    wake(connection, at: now)
                    touch(connection.handle)
                }
            case .closing(let record):
                remove(record)
            }
        }
    }

    /// Tells each connection whose handshake is complete that its endpoint drains.
    func beginDrain() {
        for index in 0..<slots.count {
            if case .live(let connection) = slots[index] { connection.beginDrain() }
        }
    }

    private func wake(_ connection: Connection, at now: MonotonicInstant) {
        guard connection.applicationDeadline <= now else { return }
        connection.applicationDeadline = .distantFuture
        connection.wake()
        onWake(connection)
    }

    /// The next connection of a sweep over all of them, for shutting down; nil when there is none left.
    public func nextLiveConnection() -> Connection? {
        while sweepPosition < slots.count {
            defer { sweepPosition += 1 }
            if case .live(let connection) = slots[sweepPosition] { return connection }
        }
        sweepPosition = 0
        return nil
    }
}

// MARK: - Turns: the share of each connection before the others have theirs

extension ConnectionSet {
    /// Keeps a datagram of `connection` for its next turn; false when as many wait as may.
    func keepForNextTurn(_ datagram: RawSpan, path: NetworkPath, ecn: ECN, of connection: Connection) -> Bool {
        let waitsAlready = connection.hasWaitingDatagrams
        guard connection.keepForNextTurn(datagram, path: path, ecn: ecn) else { return false }
        if !waitsAlready {
            turns.append(connection)
            if connection.isHandshaking { turns.noteWait() }
        }
        return true
    }

    /// Begins the next turn: each connection with datagrams that wait handles its share of them. Those whose handshakes are complete go
    /// first, and then as many others as the turn has time for.
    func beginTurn(at now: MonotonicInstant, into batch: TransmitBatch) {
        turns.begin()
        for _ in 0..<turns.establishedCount {
            if let handle = turns.popEstablished() { receiveWaiting(of: handle, at: now, into: batch) }
        }
        for _ in 0..<turns.handshakingCount where turns.share.admitsContinuation {
            guard let handle = turns.popHandshaking() else { break }
            if receiveWaiting(of: handle, at: now, into: batch) { turns.share.noteContinuation(isStep: true) }
        }
        #if DEBUG
        checkAccountsFromTimeToTime()
        #endif
    }

    /// Has a connection handle what waits for this turn; false when there is none any more that answers to `handle`.
    @discardableResult
    private func receiveWaiting(
        of handle: ConnectionHandle,
        at now: MonotonicInstant,
        into batch: TransmitBatch
    ) -> Bool {
        guard let connection = connection(handle) else { return false }
        let (isHandshaking, waitingBefore) = (connection.isHandshaking, connection.waitingDatagramCount)
        let isAlone = turns.company.isAlone(handle)
        let end = connection.receiveWaiting(inTurn: turns.number, isAlone: isAlone, at: now)
        if !isHandshaking { turns.share.noteOthers(waitingBefore - connection.waitingDatagramCount) }
        if let end {
            finish(connection, end, at: now, into: batch)
            return true
        }
        guard follow(connection) else { return true }
        touch(handle)
        if connection.hasWaitingDatagrams { turns.append(connection) }
        return true
    }

    /// Ends connections that hold more than their floor and get nowhere, while no connection can be admitted for want of
    /// memory: those who use theirs would otherwise be refused for those who only keep it.
    func reclaim(at now: MonotonicInstant, into batch: TransmitBatch) {
        guard !ledger.share.admitsConnection else { return }
        for _ in 0..<min(slots.count, Reclaimer.slotsPerTurn) where !batch.isFull {
            if let connection = reclaimer.nextStalledBorrower(in: slots, of: ledger.share, at: now) {
                finish(connection, .close(.budgetExceeded(.process)), at: now, into: batch)
            }
        }
    }
}

// MARK: - Leaving

extension ConnectionSet {
    /// Ends a connection: sends its last packet, releases everything it held, and keeps a record if one is due.
    ///
    /// The one way out. What the connection has done until now is followed, and nothing happens where that has ended it. Routes go first,
    /// unless the record needs them, then TLS and transport, then the deadline and the slot; what the account still held afterwards
    /// would show in ``ledger``.
    @inline(never)  // It is rare, and its callers handle packets.
    public func finish(
        _ connection: Connection,
        _ end: ConnectionEnd,
        at now: MonotonicInstant,
        into batch: TransmitBatch
    ) {
        noteCommands()
        guard follow(connection) else { return }
        onEnd(connection, end.cause)
        let recordLedger = closingLimit > 0 ? ledger : nil
        let record = ClosingConnection.of(connection, end, at: now, into: batch, keptIn: recordLedger)
        let closingPeriod = min(connection.closingPeriod, Self.closingPeriodLimit)
        count(end.cause, of: connection)
        routes.forgetResets(withTokens: connection.peerResetTokens, of: connection.handle)
        if record == nil { retireRoutes(connection.sourceConnectionIDs, of: connection.handle) }
        if FaultInjection.keepsTombstone(if: connection.role == .server) {
            for index in 0..<connection.sourceConnectionIDs.count {
                FaultInjection.keepTombstone(of: connection.sourceConnectionIDs[index], for: ObjectIdentifier(self))
            }
        }
        release(connection)
        if let record {
            keep(record, until: now.advanced(by: closingPeriod))
        } else {
            removeSlot(of: connection.handle)
            let isOccasion = connection.role == .server && slots.isNextFree(connection.handle)
            if FaultInjection.forgetsTimer(if: isOccasion) { keepDeadline(of: connection.handle) }
        }
        if counts.live == 0 { turns.forgetConnections() }
        onClose(connection, end.cause)
        connection.tellEnd(end.cause)
    }

    /// Ends every connection, and drops every closing and draining record, and the clients that wait. Services are told, and may begin no
    /// connection meanwhile.
    func endAll(_ end: ConnectionEnd, at now: MonotonicInstant, into batch: TransmitBatch) {
        turns.clients.removeAll()
        sweepPosition = 0
        while let connection = nextLiveConnection() { finish(connection, end, at: now, into: batch) }
        removeClosingRecords()
    }

    /// Drops every closing and draining record.
    public func removeClosingRecords() {
        while let oldest = closingRecords.popOldest() { removeRecord(at: oldest) }
    }

    private func count(_ cause: CloseCause, of connection: Connection) {
        switch connection.state {
        case .handshaking: counts.handshaking -= 1
        default: counts.established -= 1
        }
        counts.closed += 1
        if connection.source != .none { sources.end(connection.source, wasHandshaking: connection.isHandshaking) }
        counts.closedByCause[cause.label, default: 0] += 1
        if case .budgetExceeded(let cap) = cause { counts.budgetExceeded[cap, default: 0] += 1 }
    }

    private func release(_ connection: Connection) {
        if FaultInjection.keepsClosedConnections {
            FaultInjection.keep(connection, for: ObjectIdentifier(self))
        } else {
            connection.release()
        }
    }

    private func retireRoutes(_ ids: borrowing ConnectionIDList, of handle: ConnectionHandle) {
        if FaultInjection.keepsClosedConnections { return }
        routes.retire(ids, from: handle)
    }

    private func removeSlot(of handle: ConnectionHandle) {
        deadlines.remove(handle.index)
        slots.free(handle)
    }

    /// Sets the deadline of a connection that has ended, as a negative control wants it.
    private func keepDeadline(of handle: ConnectionHandle) {
        // The slot goes with the deadline: the next connection in it would have the deadline moved, and removed at its end.
        slots.loseNextFree()
        // So late that no test waits for it, and meets the precondition that no deadline outlives its connection.
        deadlines.set(MonotonicInstant(nanoseconds: .max - 1), for: handle.index)
    }
}

// MARK: - Closing and draining records

extension ConnectionSet {
    /// Puts a record in the place of its connection; the oldest go until there is room for it.
    private func keep(_ record: ClosingConnection, until removalTime: MonotonicInstant) {
        while !closingRecords.hasRoom(for: record), let oldest = closingRecords.popOldest() { removeRecord(at: oldest) }
        closingRecords.add(record)
        slots.settle(.closing(record), at: record.handle)
        deadlines.set(removalTime, for: record.handle.index)
        if record.isDraining { counts.draining += 1 } else { counts.closing += 1 }
    }

    /// Ends the closing or draining period of the record that answers to `handle`, if there is one.
    private func removeRecord(at handle: ConnectionHandle) {
        if case .closing(let record) = occupant(of: handle) { remove(record) }
    }

    /// Ends a closing or draining period.
    @inline(never)  // As ``finish(_:_:at:into:)``.
    private func remove(_ record: ClosingConnection) {
        closingRecords.remove(record)
        if record.isDraining { counts.draining -= 1 } else { counts.closing -= 1 }
        retireRoutes(record.sourceConnectionIDs, of: record.handle)
        removeSlot(of: record.handle)
    }
}

// MARK: - The ledger against the accounts

extension ConnectionSet {
    /// Whether what the ledger says of each class is what connections, records and tables say of themselves.
    ///
    /// True in a build without accounting, in which nothing is charged.
    package var accountsAddUp: Bool {
        guard Accounting.isOn else { return true }
        var audit = AccountsAudit()
        audit.add(tableBytes, to: .table)
        turns.add(to: &audit)
        // Those of a broadcast belong to no connection, however many have them in their queues.
        audit.add(ledger.sharedBytes, to: .rings)
        for index in 0..<slots.count {
            switch slots[index] {
            case .none: continue
            case .closing(let record): audit.add(record.bytes, to: .closing)
            case .live(let connection):
                guard connection.sharedBytesAddUp else { return false }
                audit.add(connection.account)
            }
        }
        return audit.agrees(with: ledger)
    }

    /// Checks that ``accountsAddUp`` whenever there is time, unless a negative control may break it.
    private func checkAccountsFromTimeToTime() {
        guard !FaultInjection.mayBreakAccounts, auditSchedule.isDue(slots: slots.count) else { return }
        assert(accountsAddUp, "the ledger says other than the connections: \(ledger.totalUsage)")
    }
}
