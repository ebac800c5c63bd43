import BoundedMemory

/// What both queues of bytes can do.
protocol ByteFIFO: ~Copyable {
    static var name: String { get }
    init(chargedTo ledger: MemoryLedger)
    mutating func append(_ bytes: RawSpan) throws(BenchmarkError)
    mutating func releaseFirst(_ count: Int)
}

/// A ``ByteQueue`` as a stream has it: its segments are charged to a connection's account.
struct StreamQueue: ByteFIFO, ~Copyable {
    static var name: String { "ByteQueue" }

    private var queue: ByteQueue

    init(chargedTo ledger: MemoryLedger) {
        queue = ByteQueue(capacityLimitBytes: FixedByteRing.capacityBytes, account: MemoryAccount(ledger: ledger))
    }

    mutating func append(_ bytes: RawSpan) throws(BenchmarkError) {
        do { try queue.append(bytes) } catch { throw BenchmarkError("\(Self.name) refused bytes: \(error)") }
    }

    mutating func releaseFirst(_ count: Int) {
        queue.release(upTo: queue.baseOffset + UInt64(count))
    }
}

extension FixedByteRing: ByteFIFO {
    static var name: String { "16 KiB fixed ring" }

    init(chargedTo ledger: MemoryLedger) {
        self.init(ledger: ledger)
    }

    mutating func append(_ bytes: RawSpan) throws(BenchmarkError) {
        guard take(bytes) else { throw BenchmarkError("\(Self.name) refused bytes") }
    }

    mutating func releaseFirst(_ count: Int) {
        release(count)
    }
}

extension ByteFIFO where Self: ~Copyable {
    /// What a queue holds at birth, with `count` bytes in it, and when they are gone.
    static func bytes(holding count: Int) throws -> (birth: Int, full: Int, drained: Int) {
        let ledger = MemoryLedger()
        var queue = Self(chargedTo: ledger)
        let birth = ledger.totalUsage.liveBytes
        unsafe try queue.append([UInt8](repeating: 7, count: count).span.bytes)
        let full = ledger.totalUsage.liveBytes
        queue.releaseFirst(count)
        return (birth, full, ledger.totalUsage.liveBytes)
    }

    /// Nanoseconds to append 1 KiB and release the oldest, when `depth` bytes wait in between.
    static func nanoseconds(depth: Int, operations: Int) throws -> Double {
        var queue = Self(chargedTo: MemoryLedger())
        let bytes = [UInt8](repeating: 7, count: 1_024)
        for _ in 0..<(depth / bytes.count) { unsafe try queue.append(bytes.span.bytes) }
        let start = ThreadClock.nanoseconds
        for _ in 0..<operations {
            unsafe try queue.append(bytes.span.bytes)
            queue.releaseFirst(bytes.count)
        }
        return Double(ThreadClock.nanoseconds - start) / Double(operations)
    }
}
