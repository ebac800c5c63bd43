public import BoundedMemory
public import Datagrams
import FaultInjection
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

    /// How many closing and draining records are kept by default, about 350 bytes each.
    public static let closingLimitDefault = 16_384
    /// How many bytes closing and draining records may take together by default.
    public static let closingBytesLimitDefault = 8 << 20

    /// The account of every connection here together.
    public let ledger: MemoryLedger
    /// How many closing and draining records are kept; one more displaces the oldest.
    public let closingLimit: Int
    /// How many bytes closing and draining records may take together; one that does not fit displaces the oldest.
    public let closingBytesLimit: Int
    /// Called exactly once for each connection, before anything that it holds is released.
    var onEnd: (Connection, CloseCause) -> Void = { _, _ in }
    /// Called exactly once for each connection, after everything it held was released.
    public var onClose: (Connection, CloseCause) -> Void = { _, _ in }
    /// Called when a connection's ``QUICTransport/Connection/applicationDeadline`` has come; it may end the connection.
    public var onWake: (Connection) -> Void = { _ in }
    /// Created, live and ended connections.
    @safe @exclusivity(unchecked) public internal(set) var counts = ConnectionCounts()

    // Not checked for exclusive access: one thread uses a set, and none of the tables calls out while it changes.
    @safe @exclusivity(unchecked) var routes: ConnectionIDMap
    @safe @exclusivity(unchecked) var resetRoutes: ConnectionIDMap
    @safe @exclusivity(unchecked) var deadlines: DeadlineQueue
    /// The closing records in the order they were made, and handles of some that are gone.
    @safe @exclusivity(unchecked) var closingOrder: RingBuffer<ConnectionHandle>
    @safe @exclusivity(unchecked) var slots: ConnectionSlots
    /// Connections by their source, where there are limits for each.
    @safe @exclusivity(unchecked) var sources: SourceTable
    /// Connections whose datagrams wait for the next turn, and handles of some that are gone.
    @safe @exclusivity(unchecked) var waitingOrder: RingBuffer<ConnectionHandle>
    /// The number of the present turn.
    @safe @exclusivity(unchecked) var turn: UInt32 = 0
    /// Turns until the accounts are held against the ledger, in debug builds.
    @safe @exclusivity(unchecked) var turnsToCheck = 0
    /// What the closing records take.
    var closingBytes = 0
    private var sweepPosition = 0
    /// Where ``reclaim(at:into:)`` goes on.
    @safe @exclusivity(unchecked) var reclaimPosition = 0

    /// An empty set.
    public init(
        ledger: MemoryLedger,
        closingLimit: Int = closingLimitDefault,
        closingBytesLimit: Int = closingBytesLimitDefault,
        sourcesLimit: Int = 0
    ) {
        self.ledger = ledger
        self.closingLimit = closingLimit
        self.closingBytesLimit = closingBytesLimit
        routes = ConnectionIDMap(ledger: ledger)
        resetRoutes = ConnectionIDMap(ledger: ledger)
        deadlines = DeadlineQueue(ledger: ledger)
        closingOrder = RingBuffer(capacityLimit: max(1, closingLimit), owner: ledger, chargedTo: .table)
        slots = ConnectionSlots(ledger: ledger)
        sources = SourceTable(limit: sourcesLimit, ledger: ledger)
        waitingOrder = RingBuffer(capacityLimit: Int(UInt32.max), owner: ledger)
    }

    deinit {
        releaseAll()
    }

    /// Releases every connection, for an endpoint that goes away: no packet is sent, and ``onClose`` is not called.
    ///
    /// The endpoint calls this before it lets go of its TLS context. A TLS session that is freed after its context frees
    /// what all sessions shared, which no connection was charged for.
    func releaseAll() {
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
    /// Connection IDs that lead somewhere.
    public var connectionIDCount: Int { routes.count }

    /// Deadlines waiting.
    public var deadlineCount: Int { deadlines.count }

    /// Sources of connections that are counted.
    var sourceCount: Int { sources.count }

    /// Bytes of the tables themselves: slots, routes, deadlines, sources, the order of records, and spare blocks of the ledger's. None
    /// when they are empty.
    public var tableBytes: Int {
        ledger.spareBytes + slots.allocatedBytes + routes.allocatedBytes + resetRoutes.allocatedBytes
            + deadlines.allocatedBytes + closingOrder.allocatedBytes + sources.allocatedBytes
            + FaultInjection.tombstoneBytes(of: ObjectIdentifier(self))
    }

    /// The next moment at which something is due.
    public var nextDeadline: MonotonicInstant? { deadlines.next }

    /// Whether a connection waits for its turn to transmit.
    public var wantsToTransmit: Bool { slots.wantsToTransmit }

    /// Whether no slot is taken.
    public var isEmpty: Bool { slots.occupiedCount == 0 }

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
        slots.occupant(of: handle)
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
            slots.settle(.live(connection), at: handle)
            counts.created += 1
            counts.handshaking += 1
            touch(handle)
            return connection
        } catch {
            abandonSlot(handle, routes: inserted)
            throw error
        }
    }

    /// How often an ID is drawn again when it is taken. Eleven random bytes never are; a broken random source ends here.
    private static let drawLimit = 8

    /// An ID from `source` that leads nowhere yet, if it has one.
    func unusedID(from source: inout ConnectionIDSource) -> ConnectionID {
        var id = source.makeConnectionID()
        for _ in 1..<Self.drawLimit where routes.route(to: id) != nil { id = source.makeConnectionID() }
        return id
    }

    /// Makes a further connection ID that leads to `connection`; nil when the ones drawn are taken.
    ///
    /// RFC 9000 §5.1: the same connection ID MUST NOT be issued more than once on the same connection; here it is not on
    /// any two, closing ones included.
    func issueID(
        from source: inout ConnectionIDSource,
        resetSecret: EndpointSecret,
        for connection: Connection
    ) -> (ConnectionID, StatelessResetToken)? {
        let id = unusedID(from: &source)
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

    /// Counts a connection that was just inserted at its source, if there is room for that; it then is until its end.
    func count(_ connection: Connection, at source: SourcePrefix) {
        if sources.begin(source) { connection.source = source }
    }

    /// Takes note that a handshake is complete.
    public func didEstablish(_ connection: Connection) {
        counts.handshaking -= 1
        counts.established += 1
        counts.handshakesCompleted += 1
        if connection.source != .none { sources.establish(connection.source) }
    }

    private func abandonSlot(_ handle: ConnectionHandle, routes ids: [ConnectionID]) {
        for id in ids { retire(id, from: handle) }
        slots.free(handle)
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
        while !batch.isFull, let dequeued = unsafe slots.dequeue() {
            // In its place it outlives the call: an end that a service wants then is only noted.
            let outcome = unsafe dequeued._withUnsafeGuaranteedRef { connection -> TransmitOutcome? in
                if let held, connection.path?.local.family == held {
                    waiting.append(connection.handle)
                    return nil
                }
                let outcome = connection.transmit(into: batch, at: now)
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

    /// Handles every deadline that has come.
    public func expire(at now: MonotonicInstant, into batch: TransmitBatch) {
        while let index = deadlines.popExpired(at: now) {
            switch slots[Int(index)] {
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
