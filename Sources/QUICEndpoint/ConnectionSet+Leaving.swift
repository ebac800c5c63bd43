import BoundedMemory
public import Datagrams
import FaultInjection
public import QUICTransport

extension ConnectionSet {
    /// The longest that a closing or draining record is kept, however late the peer's acknowledgements were.
    ///
    /// RFC 9000 §10.2 asks for three PTOs, and a peer decides how long its PTO is.
    public static let closingPeriodLimit = Duration.seconds(30)

    /// Ends a connection: sends its last packet, releases everything it held, and keeps a record if one is due.
    ///
    /// The one way out. Routes go first, unless the record needs them, then TLS and transport, then the deadline and the
    /// slot; what the account still held afterwards would show in ``ledger``.
    public func finish(
        _ connection: Connection,
        _ end: ConnectionEnd,
        at now: MonotonicInstant,
        into batch: TransmitBatch
    ) {
        onEnd(connection, end.cause)
        let record = makeRecord(of: connection, end, at: now, into: batch)
        let closingPeriod = min(connection.closingPeriod, Self.closingPeriodLimit)
        count(end.cause, of: connection)
        for index in 0..<connection.peerResetTokens.count {
            forgetReset(withToken: connection.peerResetTokens[index], of: connection.handle)
        }
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
        if counts.live == 0 { waitingOrder.removeAll() }
        onClose(connection, end.cause)
        connection.tellEnd(end.cause)
    }

    /// Drops every closing and draining record.
    public func removeClosingRecords() {
        while let oldest = closingOrder.popFirst() {
            if case .closing(let record) = occupant(of: oldest) { remove(record) }
        }
    }

    /// Ends a closing or draining period.
    func remove(_ record: ClosingConnection) {
        closingBytes -= record.bytes
        if record.isDraining { counts.draining -= 1 } else { counts.closing -= 1 }
        // The records that ran out before it are still named in the order of closing.
        if counts.closing + counts.draining == 0 { closingOrder.removeAll() }
        retireRoutes(record.sourceConnectionIDs, of: record.handle)
        removeSlot(of: record.handle)
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

    /// Writes the close packet and makes the record that will repeat it, when the end calls for one.
    private func makeRecord(
        of connection: Connection,
        _ end: ConnectionEnd,
        at now: MonotonicInstant,
        into batch: TransmitBatch
    ) -> ClosingConnection? {
        guard let path = connection.path else { return nil }
        switch end {
        case .discard:
            return nil
        case .drain:
            return unsafe makeRecord(of: connection, packet: UnsafeRawBufferPointer(start: nil, count: 0), path: path)
        case .close:
            return unsafe withUnsafeTemporaryAllocation(
                byteCount: TransmitBatch.datagramBytesLimit,
                alignment: 16
            ) { space in
                var room = unsafe space.mutableBytes
                let byteCount = connection.writeClose(for: end, into: &room, at: now)?.count ?? 0
                guard byteCount > 0 else { return nil }
                let packet = unsafe UnsafeRawBufferPointer(rebasing: space[..<byteCount])
                if !batch.isFull { unsafe batch.append(copying: packet.bytes, path: path) }
                return unsafe makeRecord(of: connection, packet: packet, path: path)
            }
        }
    }

    private func makeRecord(
        of connection: Connection,
        packet: UnsafeRawBufferPointer,
        path: NetworkPath
    ) -> ClosingConnection? {
        guard closingLimit > 0 else { return nil }
        return unsafe ClosingConnection(of: connection, packet: packet, path: path, ledger: ledger)
    }

    private func keep(_ record: ClosingConnection, until removalTime: MonotonicInstant) {
        makeRoom(for: record)
        closingBytes += record.bytes
        slots.settle(.closing(record), at: record.handle)
        deadlines.set(removalTime, for: record.handle.index)
        if record.isDraining { counts.draining += 1 } else { counts.closing += 1 }
        _ = closingOrder.push(record.handle)
    }

    /// Drops the oldest records until there is room for one more.
    private func makeRoom(for record: ClosingConnection) {
        while closingOrder.count >= closingLimit || closingBytes + record.bytes > closingBytesLimit,
            let oldest = closingOrder.popFirst()
        {
            if case .closing(let record) = occupant(of: oldest) { remove(record) }
        }
    }

    private func retireRoutes(_ ids: borrowing ConnectionIDList, of handle: ConnectionHandle) {
        if FaultInjection.keepsClosedConnections { return }
        for index in 0..<ids.count { retire(ids[index], from: handle) }
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
