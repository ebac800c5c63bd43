import BoundedMemory

/// What waits in the queues: 112 bytes, as a received datagram's description with its two addresses.
struct QueuedItem {
    var words: InlineArray<14, UInt64>
}

/// What both queues of slots can do.
protocol SlotQueue: ~Copyable {
    static var name: String { get }
    init(chargedTo ledger: MemoryLedger)
    mutating func push(_ item: consuming QueuedItem) -> QueuedItem?
    mutating func popFirst() -> QueuedItem?
}

extension RingBuffer: SlotQueue where Element == QueuedItem {
    static var name: String { "RingBuffer" }

    init(chargedTo ledger: MemoryLedger) {
        self.init(capacityLimit: FixedQueue<QueuedItem>.slotCount, owner: ledger)
    }
}

extension FixedQueue: SlotQueue where Element == QueuedItem {
    static var name: String { "256 fixed slots" }

    init(chargedTo ledger: MemoryLedger) {
        self.init(ledger: ledger)
    }
}

extension SlotQueue where Self: ~Copyable {
    /// What a queue holds at birth, with `count` items in it, and when they are gone; checked to be all there was.
    static func bytes(holding count: Int) throws -> (birth: Int, full: Int, drained: Int) {
        let ledger = MemoryLedger()
        var queue = Self(chargedTo: ledger)
        let birth = ledger.totalUsage.liveBytes
        for number in 0..<count { _ = queue.push(QueuedItem(words: .init(repeating: UInt64(number)))) }
        let full = ledger.totalUsage.liveBytes
        for number in 0..<count {
            guard queue.popFirst()?.words[13] == UInt64(number) else { throw BenchmarkError("\(name) lost an item") }
        }
        return (birth, full, ledger.totalUsage.liveBytes)
    }

    /// Nanoseconds for a push and a pop when `depth` items wait in between.
    static func nanoseconds(depth: Int, operations: Int) -> Double {
        var queue = Self(chargedTo: MemoryLedger())
        let item = QueuedItem(words: .init(repeating: 7))
        for _ in 0..<depth { _ = queue.push(item) }
        let time = ThreadClock.time {
            for _ in 0..<operations {
                if let refused = queue.push(item) { use(refused) }
                if let item = queue.popFirst() { use(item) }
            }
        }
        return time / Double(operations)
    }
}

/// Takes the whole item, so that no queue is spared moving it.
@inline(never)
private func use(_ item: QueuedItem) {
    precondition(item.words[0] == item.words[13], "an item was damaged")
}
