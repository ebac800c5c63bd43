import BoundedMemory

/// Adds up what connections, records and tables say that they hold, to hold it against the ledger.
struct AccountsAudit {
    /// When there is time for one: at every turn of a small endpoint, and of a large one so often that a turn costs no more than of one
    /// of 64 connections.
    struct Schedule {
        private static let slotsPerTurn = 64

        private var turnsLeft = 0

        /// Whether one is due in this turn, of an endpoint with so many places for connections.
        mutating func isDue(slots count: Int) -> Bool {
            turnsLeft -= 1
            guard turnsLeft <= 0 else { return false }
            turnsLeft = count / Self.slotsPerTurn
            return true
        }
    }

    private var bytes = [Int](repeating: 0, count: MemoryClass.allCases.count)
    /// The bytes of the worker's share that are in use.
    private var usedBytes = 0

    /// Adds what is in no account.
    mutating func add(_ count: Int, to memoryClass: MemoryClass) {
        bytes[memoryClass.position] += count
        usedBytes += count
    }

    /// Adds what a connection holds, whose floor is in use in any case.
    mutating func add(_ account: MemoryAccount) {
        for memoryClass in MemoryClass.allCases { bytes[memoryClass.position] += account.liveBytes(of: memoryClass) }
        usedBytes += max(account.floorBytes, account.liveBytes)
    }

    /// Whether the ledger says the same of each class, and its share the same of all together.
    func agrees(with ledger: MemoryLedger) -> Bool {
        usedBytes == ledger.share.usedBytes
            && MemoryClass.allCases.allSatisfy { bytes[$0.position] == ledger.usage(of: $0).liveBytes }
    }
}
