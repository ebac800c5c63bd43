extension ServerSnapshot: Maximizable {
    /// Raises every number that is higher in `other`. The highest values need not have been seen at one moment.
    public mutating func formMaximum(with other: ServerSnapshot) {
        connections.formMaximum(with: other.connections)
        closedByCause.merge(other.closedByCause, uniquingKeysWith: max)
        connectionIDs = max(connectionIDs, other.connectionIDs)
        deadlines = max(deadlines, other.deadlines)
        tableBytes = max(tableBytes, other.tableBytes)
        handshakesInFlight = max(handshakesInFlight, other.handshakesInFlight)
        ledger.formMaximum(with: other.ledger)
        process.formMaximum(with: other.process)
    }
}

extension ServerSnapshot.Connections {
    fileprivate mutating func formMaximum(with other: Self) {
        created = max(created, other.created)
        closed = max(closed, other.closed)
        live = max(live, other.live)
        handshaking = max(handshaking, other.handshaking)
        established = max(established, other.established)
        closing = max(closing, other.closing)
        draining = max(draining, other.draining)
    }
}

extension ServerSnapshot.Process {
    fileprivate mutating func formMaximum(with other: Self) {
        residentBytes = max(residentBytes, other.residentBytes)
        heapInUseBytes = max(heapInUseBytes, other.heapInUseBytes)
        uptimeSeconds = max(uptimeSeconds, other.uptimeSeconds)
    }
}

extension LedgerSnapshot {
    fileprivate mutating func formMaximum(with other: Self) {
        total.formMaximum(with: other.total)
        for (_, usage) in Classes.all {
            classes[keyPath: usage].formMaximum(with: other.classes[keyPath: usage])
        }
    }
}

extension LedgerSnapshot.Usage {
    fileprivate mutating func formMaximum(with other: Self) {
        liveBytes = max(liveBytes, other.liveBytes)
        liveBlocks = max(liveBlocks, other.liveBlocks)
        peakBytes = max(peakBytes, other.peakBytes)
    }
}
