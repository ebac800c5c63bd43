import BoundedMemory
import Datagrams
import FaultInjection
import QUICTransport

/// Turns: what one connection may handle before the others had their share.
extension ConnectionSet {
    /// Whether datagrams wait for the next turn.
    var hasWaitingDatagrams: Bool { !waitingOrder.isEmpty }

    /// Keeps a datagram of `connection` for its next turn; false when as many wait as may.
    func keepForNextTurn(_ datagram: RawSpan, path: NetworkPath, ecn: ECN, of connection: Connection) -> Bool {
        let waitsAlready = connection.hasWaitingDatagrams
        guard connection.keepForNextTurn(datagram, path: path, ecn: ecn) else { return false }
        if !waitsAlready { waitingOrder.push(connection.handle) }
        return true
    }

    /// Begins the next turn: each connection with datagrams that wait handles its share of them.
    func beginTurn(at now: MonotonicInstant, into batch: TransmitBatch) {
        turn &+= 1
        for _ in 0..<waitingOrder.count {
            guard let handle = waitingOrder.popFirst(), let connection = connection(handle) else { continue }
            if let end = connection.receiveWaiting(inTurn: turn, at: now) {
                finish(connection, end, at: now, into: batch)
                continue
            }
            touch(handle)
            if connection.hasWaitingDatagrams { waitingOrder.push(handle) }
        }
        #if DEBUG
        if !FaultInjection.mayBreakAccounts { checkAccountsFromTimeToTime() }
        #endif
    }
}

// MARK: - The ledger against the accounts

extension ConnectionSet {
    /// Whether what the ledger says of each class is what connections, records and tables say of themselves.
    ///
    /// True in a build without accounting, in which nothing is charged.
    package var accountsAddUp: Bool {
        guard Accounting.isOn else { return true }
        let classes = MemoryClass.allCases
        var bytes = [Int](repeating: 0, count: classes.count)
        var used = 0
        func add(_ count: Int, to memoryClass: MemoryClass) {
            bytes[memoryClass.position] += count
        }
        add(tableBytes, to: .table)
        add(waitingOrder.allocatedBytes, to: .rings)
        // Those of a broadcast belong to no connection, however many have them in their queues.
        add(ledger.sharedBytes, to: .rings)
        used += tableBytes + waitingOrder.allocatedBytes + ledger.sharedBytes
        for index in 0..<slots.count {
            switch slots[index] {
            case .none: continue
            case .closing(let record):
                add(record.bytes, to: .closing)
                used += record.bytes
            case .live(let connection):
                guard connection.sharedBytesAddUp else { return false }
                for memoryClass in classes { add(connection.account.liveBytes(of: memoryClass), to: memoryClass) }
                used += max(connection.account.floorBytes, connection.account.liveBytes)
            }
        }
        return used == ledger.share.usedBytes
            && classes.allSatisfy { bytes[$0.position] == ledger.usage(of: $0).liveBytes }
    }

    /// Checks that at every turn of a small set, and of a large one so often that a turn costs no more than of one of 64
    /// connections.
    func checkAccountsFromTimeToTime() {
        turnsToCheck -= 1
        guard turnsToCheck <= 0 else { return }
        turnsToCheck = slots.count / 64
        assert(accountsAddUp, "the ledger says other than the connections: \(ledger.totalUsage)")
    }
}
