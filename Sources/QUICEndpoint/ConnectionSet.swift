public import BoundedMemory
public import Datagrams
public import QUICTransport

/// The connections of one endpoint, from their first packet until nothing of them is left.
///
/// It finds them by connection ID, wakes them at their deadlines, lets them send in turn, and is the only place that
/// removes them: ``finish(_:_:at:into:)`` is the one path out, whatever the cause.
///
/// Owns: the connections and the records of closing ones. Released by: ``finish(_:_:at:into:)`` and ``expire(at:into:)``.
/// Bound: connections are bounded by who admits them; closing records by ``closingLimit``.
public final class ConnectionSet {
    /// Who occupies a slot.
    public enum Occupant {
        /// Nobody.
        case none
        /// A connection that lives.
        case live(Connection)
        /// What is left of one that ended.
        case closing(ClosingConnection)
    }

    private struct Slot {
        var occupant = Occupant.none
        var generation: UInt32 = 0
        /// The next free slot, or the next slot waiting to transmit.
        var link = Slot.end
        var isQueued = false

        static let end = UInt32.max
    }

    /// How many closing and draining records are kept by default, about 400 bytes each.
    public static let closingLimitDefault = 16_384

    /// The account of every connection here together.
    public let ledger: MemoryLedger
    /// How many closing and draining records are kept; one more displaces the oldest.
    public let closingLimit: Int
    /// Called exactly once for each connection, after everything it held was released.
    public var onClose: (Connection, CloseCause) -> Void = { _, _ in }
    /// Called when a connection's ``Connection/applicationDeadline`` has come; it may end the connection.
    public var onWake: (Connection) -> Void = { _ in }
    /// Created, live and ended connections.
    public private(set) var counts = ConnectionCounts()

    private var routes: ConnectionIDMap
    private var resetRoutes: ConnectionIDMap
    private var deadlines: DeadlineQueue
    /// The closing records in the order they were made, and handles of some that are gone.
    private var closingOrder: RingBuffer<ConnectionHandle>
    private var slots: [Slot] = []
    private var freeSlots = Slot.end
    private var occupiedSlots = 0
    private var lastGeneration: UInt32 = 0
    private var firstToTransmit = Slot.end
    private var lastToTransmit = Slot.end
    private var sweepPosition = 0
    #if NEGATIVE_CONTROLS
    private var hoard: [Connection] = []
    #endif

    /// An empty set.
    public init(ledger: MemoryLedger, closingLimit: Int = closingLimitDefault) {
        self.ledger = ledger
        self.closingLimit = closingLimit
        routes = ConnectionIDMap(ledger: ledger)
        resetRoutes = ConnectionIDMap(ledger: ledger)
        deadlines = DeadlineQueue(ledger: ledger)
        closingOrder = RingBuffer(capacityLimit: max(1, closingLimit))
    }

    deinit {
        releaseAll()
    }

    /// Releases every connection, for an endpoint that goes away: no packet is sent, and ``onClose`` is not called.
    ///
    /// The endpoint calls this before it lets go of its TLS context. A TLS session that is freed after its context frees
    /// what all sessions shared, which no connection was charged for.
    func releaseAll() {
        for slot in slots {
            if case .live(let connection) = slot.occupant { connection.release() }
        }
        slots = []
        #if NEGATIVE_CONTROLS
        for connection in hoard { connection.release() }
        hoard = []
        #endif
    }
}

// MARK: - Getters

extension ConnectionSet {
    /// Connection IDs that lead somewhere.
    public var connectionIDCount: Int { routes.count }

    /// Deadlines waiting.
    public var deadlineCount: Int { deadlines.count }

    /// Bytes of the tables themselves: slots, routes and deadlines. They shrink when emptied.
    public var tableBytes: Int {
        slots.capacity * MemoryLayout<Slot>.stride + routes.allocatedBytes + resetRoutes.allocatedBytes
            + deadlines.allocatedBytes + closingOrder.allocatedBytes
    }

    /// The next moment at which something is due.
    public var nextDeadline: MonotonicInstant? { deadlines.next }

    /// Whether a connection waits for its turn to transmit.
    public var wantsToTransmit: Bool { firstToTransmit != Slot.end }

    /// Whether no slot is taken.
    public var isEmpty: Bool { occupiedSlots == 0 }

    /// The handle `id` leads to.
    public func route(to id: ConnectionID) -> ConnectionHandle? {
        routes.route(to: id)
    }

    /// The connection that `datagram` resets.
    ///
    /// RFC 9000 §10.3.1: an endpoint detects a potential Stateless Reset using the trailing 16 bytes of the UDP datagram,
    /// and MUST compare them when the first packet cannot be associated with a connection.
    func routeOfReset(_ datagram: RawSpan) -> ConnectionHandle? {
        guard resetRoutes.count > 0, datagram.byteCount >= 21, let token = ConnectionID(datagram.extracting(last: 16))
        else { return nil }
        return resetRoutes.route(to: token)
    }

    /// Who answers to `handle` now.
    public func occupant(of handle: ConnectionHandle) -> Occupant {
        let index = Int(handle.index)
        guard index < slots.count, slots[index].generation == handle.generation else { return .none }
        return slots[index].occupant
    }

    /// What each live connection is and holds; about 600 bytes each while the result lives.
    public func reports(at now: MonotonicInstant) -> [ConnectionReport] {
        slots.compactMap { slot in
            if case .live(let connection) = slot.occupant { connection.report(at: now) } else { nil }
        }
    }

    /// The live connection that answers to `handle`.
    public func connection(_ handle: ConnectionHandle) -> Connection? {
        if case .live(let connection) = occupant(of: handle) { connection } else { nil }
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
        let handle = takeSlot()
        var inserted: [ConnectionID] = []
        for id in ids {
            guard routes.insert(id, for: handle) else {
                abandonSlot(handle, routes: inserted)
                return nil
            }
            inserted.append(id)
        }
        do throws(QUICError) {
            let connection = try make(handle)
            slots[Int(handle.index)].occupant = .live(connection)
            counts.created += 1
            counts.handshaking += 1
            touch(handle)
            return connection
        } catch {
            abandonSlot(handle, routes: inserted)
            throw error
        }
    }

    /// Makes a further connection ID that leads to `connection`; nil when the one drawn is taken.
    func issueID(
        from source: inout ConnectionIDSource,
        resetSecret: EndpointSecret,
        for connection: Connection
    ) -> (ConnectionID, StatelessResetToken)? {
        let id = source.makeConnectionID()
        guard let token = StatelessResetToken(for: id, secret: resetSecret),
            routes.insert(id, for: connection.handle)
        else { return nil }
        return (id, token)
    }

    /// Ends the route of `id`, if it leads to `handle`: no connection can make another unreachable.
    public func retire(_ id: ConnectionID, from handle: ConnectionHandle) {
        _ = routes.retire(id, from: handle)
    }

    /// A stateless reset that ends in `token` ends the connection of `handle`.
    func expectReset(withToken token: ConnectionID, of handle: ConnectionHandle) {
        _ = resetRoutes.insert(token, for: handle)
    }

    /// It no longer does.
    func forgetReset(withToken token: ConnectionID, of handle: ConnectionHandle) {
        _ = resetRoutes.retire(token, from: handle)
    }

    /// Takes note that a handshake is complete.
    public func didEstablish(_ connection: Connection) {
        counts.handshaking -= 1
        counts.established += 1
        counts.handshakesCompleted += 1
    }

    private func takeSlot() -> ConnectionHandle {
        if freeSlots == Slot.end {
            freeSlots = UInt32(slots.count)
            slots.append(Slot())
        }
        let index = freeSlots
        freeSlots = slots[Int(index)].link
        lastGeneration &+= 1
        slots[Int(index)].link = Slot.end
        slots[Int(index)].generation = lastGeneration
        occupiedSlots += 1
        return ConnectionHandle(index: index, generation: lastGeneration)
    }

    private func abandonSlot(_ handle: ConnectionHandle, routes ids: [ConnectionID]) {
        for id in ids { retire(id, from: handle) }
        freeSlot(handle)
    }
}

// MARK: - Living

extension ConnectionSet {
    /// Puts a connection into the queue of those that may have something to send.
    public func touch(_ handle: ConnectionHandle) {
        let index = Int(handle.index)
        guard case .live = occupant(of: handle), !slots[index].isQueued else { return }
        slots[index].isQueued = true
        if lastToTransmit == Slot.end {
            firstToTransmit = handle.index
        } else {
            slots[Int(lastToTransmit)].link = handle.index
        }
        lastToTransmit = handle.index
    }

    /// Lets touched connections send, one burst each in turn, until `batch` is full or all are done.
    public func transmit(into batch: TransmitBatch, at now: MonotonicInstant) {
        while !batch.isFull, let connection = takeNextToTransmit() {
            switch connection.transmit(into: batch, at: now) {
            case .idle: deadlines.set(connection.deadline, for: connection.handle.index)
            case .more: touch(connection.handle)
            case .ended(let end): finish(connection, end, at: now, into: batch)
            }
        }
    }

    /// Handles every deadline that has come.
    public func expire(at now: MonotonicInstant, into batch: TransmitBatch) {
        while let index = deadlines.popExpired(at: now) {
            switch slots[Int(index)].occupant {
            case .none:
                preconditionFailure("a deadline outlived its connection")
            case .live(let connection):
                if let end = connection.expire(at: now) {
                    finish(connection, end, at: now, into: batch)
                } else {
                    wake(connection, at: now)
                    touch(connection.handle)
                }
            case .closing(let record):
                remove(record)
            }
        }
    }

    private func wake(_ connection: Connection, at now: MonotonicInstant) {
        guard connection.applicationDeadline <= now else { return }
        connection.applicationDeadline = .distantFuture
        onWake(connection)
    }

    /// Takes the longest waiting connection out of the queue, passing over slots that have changed hands.
    private func takeNextToTransmit() -> Connection? {
        while firstToTransmit != Slot.end {
            let index = Int(firstToTransmit)
            firstToTransmit = slots[index].link
            if firstToTransmit == Slot.end { lastToTransmit = Slot.end }
            slots[index].link = Slot.end
            slots[index].isQueued = false
            switch slots[index].occupant {
            case .live(let connection): return connection
            case .closing: continue
            case .none: makeAvailable(UInt32(index))
            }
        }
        return nil
    }
}

// MARK: - Leaving

extension ConnectionSet {
    /// Ends a connection: sends its last packet, releases everything it held, and keeps a record if one is due.
    ///
    /// The one way out. The order is that of size: TLS and transport, then routes and deadline; what the account still
    /// held afterwards would show in ``ledger``.
    public func finish(
        _ connection: Connection,
        _ end: ConnectionEnd,
        at now: MonotonicInstant,
        into batch: TransmitBatch
    ) {
        let record = makeRecord(of: connection, end, at: now, into: batch)
        let removalTime = now.advanced(by: connection.closingPeriod)
        let ids = connection.sourceConnectionIDs
        switch connection.state {
        case .handshaking: counts.handshaking -= 1
        default: counts.established -= 1
        }
        counts.closed += 1
        counts.closedByCause[end.cause.label, default: 0] += 1
        if case .budgetExceeded(let cap) = end.cause { counts.budgetExceeded[cap, default: 0] += 1 }
        for token in connection.peerResetTokens { forgetReset(withToken: token, of: connection.handle) }
        release(connection)
        if let record {
            keep(record, until: removalTime)
        } else {
            removeEverything(of: connection.handle, routes: ids)
        }
        onClose(connection, end.cause)
        connection.context = nil
    }

    private func release(_ connection: Connection) {
        #if NEGATIVE_CONTROLS
        if NegativeControl.keepsClosedConnections {
            hoard.append(connection)
            return
        }
        #endif
        connection.release()
    }

    /// The next connection of a sweep over all of them, for shutting down; nil when there is none left.
    public func nextLiveConnection() -> Connection? {
        while sweepPosition < slots.count {
            defer { sweepPosition += 1 }
            if case .live(let connection) = slots[sweepPosition].occupant { return connection }
        }
        sweepPosition = 0
        return nil
    }

    /// Drops every closing and draining record.
    public func removeClosingRecords() {
        for slot in slots {
            if case .closing(let record) = slot.occupant { remove(record) }
        }
    }

    /// Writes the close packet and makes the record that will repeat it, when the end calls for one.
    private func makeRecord(
        of connection: Connection,
        _ end: ConnectionEnd,
        at now: MonotonicInstant,
        into batch: TransmitBatch
    ) -> ClosingConnection? {
        guard let path = connection.path else { return nil }
        var packet: [UInt8] = []
        switch end {
        case .discard:
            return nil
        case .close:
            packet = closePacket(of: connection, end, at: now)
            if packet.isEmpty { return nil }
            if !batch.isFull { unsafe batch.append(copying: packet.span.bytes, path: path) }
        case .drain:
            break
        }
        guard closingLimit > 0 else { return nil }
        return ClosingConnection(
            handle: connection.handle,
            sourceConnectionIDs: connection.sourceConnectionIDs,
            packet: packet,
            path: path
        )
    }

    private func closePacket(of connection: Connection, _ end: ConnectionEnd, at now: MonotonicInstant) -> [UInt8] {
        unsafe withUnsafeTemporaryAllocation(byteCount: TransmitBatch.datagramBytesLimit, alignment: 16) { space in
            let count = unsafe connection.writeClose(for: end, into: space, at: now)?.count ?? 0
            return unsafe Array(space[..<count])
        }
    }

    private func keep(_ record: ClosingConnection, until removalTime: MonotonicInstant) {
        makeRoomForRecord()
        slots[Int(record.handle.index)].occupant = .closing(record)
        deadlines.set(removalTime, for: record.handle.index)
        ledger.charge(record.bytes, to: .closing)
        if record.isDraining { counts.draining += 1 } else { counts.closing += 1 }
        _ = closingOrder.push(record.handle)
    }

    /// Drops the oldest records until there is room for one more.
    private func makeRoomForRecord() {
        while closingOrder.count >= closingLimit, let oldest = closingOrder.popFirst() {
            if case .closing(let record) = occupant(of: oldest) { remove(record) }
        }
    }

    private func remove(_ record: ClosingConnection) {
        ledger.release(record.bytes, from: .closing)
        if record.isDraining { counts.draining -= 1 } else { counts.closing -= 1 }
        // The records that ran out before it are still named in the order of closing.
        if counts.closing + counts.draining == 0 { closingOrder.removeAll() }
        removeEverything(of: record.handle, routes: record.sourceConnectionIDs)
    }

    /// Clears whatever the tables say about a handle.
    private func removeEverything(of handle: ConnectionHandle, routes ids: [ConnectionID]) {
        #if NEGATIVE_CONTROLS
        let ids = NegativeControl.keepsClosedConnections ? [] : ids
        #endif
        for id in ids { retire(id, from: handle) }
        deadlines.remove(handle.index)
        freeSlot(handle)
    }

    private func freeSlot(_ handle: ConnectionHandle) {
        let index = Int(handle.index)
        slots[index].occupant = .none
        occupiedSlots -= 1
        // A slot that waits to transmit is linked into that queue, and is available when it has left it.
        if !slots[index].isQueued { makeAvailable(handle.index) }
    }

    private func makeAvailable(_ index: UInt32) {
        slots[Int(index)].link = freeSlots
        freeSlots = index
        if occupiedSlots == 0, !wantsToTransmit {
            slots = []
            freeSlots = Slot.end
            sweepPosition = 0
        }
    }
}
