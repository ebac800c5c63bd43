/// What one worker holds, by class, exact to the byte.
///
/// Every charge is one block and every release gives one block back, so that a ledger tells a lost block even
/// where the bytes are few. A worker's ledger is touched by that worker only: it is neither thread-safe nor `Sendable`.
///
/// Its bytes are taken from the worker's share of the process's budget: ``share``.
///
/// It keeps some of the smallest blocks of queues that were just freed, so that an echo takes none from the system:
/// ``MemoryClass/table`` has them.
///
/// Owns: its counters (≈ 200 bytes), and up to ``spareBlocksLimit`` spare blocks of 288 bytes. Released by: the end of the last block
/// that is charged to it, or `deinit`.
@safe
public final class MemoryLedger {
    // Not checked: one thread uses a ledger, and nothing here calls out while it changes them.

    /// The worker's share of the memory limit.
    public let share: MemoryShare
    @safe @exclusivity(unchecked) private var usages = InlineArray<5, MemoryUsage>(repeating: MemoryUsage())
    @safe @exclusivity(unchecked) private var total = MemoryUsage()
    /// The spare block that was kept last; each begins with a ``SpareBlock``.
    @exclusivity(unchecked) private var firstSpare: UnsafeMutablePointer<SpareBlock>?
    @safe @exclusivity(unchecked) private var spareBlocks = 0
    /// The bytes of spare blocks, which are charged to ``MemoryClass/table`` and belong to no connection.
    @safe @exclusivity(unchecked) public private(set) var spareBytes = 0
    /// The bytes of all ``SharedBytes``, which are charged to ``MemoryClass/rings`` and belong to no connection.
    @safe @exclusivity(unchecked) public private(set) var sharedBytes = 0
    private var refusals = 0
    @safe @exclusivity(unchecked) private var allocations = 0
    private var failure: AllocationFailure?
    @safe @exclusivity(unchecked) private var nextFailingAllocation = Int.max

    /// A ledger that holds nothing.
    ///
    /// - Parameter budget: What it may hold together with the ledgers of other workers. Default: any number of bytes.
    public init(budget: MemoryBudget = MemoryBudget()) {
        share = MemoryShare(budget: budget)
    }

    deinit {
        // A lost block keeps its charge, and so the spare ones.
        freeSpares()
    }

    /// Has ``share`` look at the budget again, as a worker does once a tick.
    public func refreshShare() { share.refresh() }

    /// What is held in one class.
    public func usage(of memoryClass: MemoryClass) -> MemoryUsage {
        usages[memoryClass.index]
    }

    /// What is held in all classes together. The peak is that of the sum, not the sum of the peaks.
    public var totalUsage: MemoryUsage { total }

    /// Whether nothing is held in any class.
    public var isEmpty: Bool { total.isEmpty }

    /// How many allocations were refused, by a limit, on purpose or by the system.
    public var refusedCount: Int { refusals }

    /// Adds one block of `bytes` bytes that belongs to no connection.
    public func charge(_ bytes: Int, to memoryClass: MemoryClass) {
        guard Accounting.isOn else { return }
        add(bytes, to: memoryClass)
        share.use(bytes)
    }

    /// Takes one block of `bytes` bytes away that belonged to no connection.
    ///
    /// - Precondition: It was charged to the same class.
    public func release(_ bytes: Int, from memoryClass: MemoryClass) {
        guard Accounting.isOn else { return }
        remove(bytes, from: memoryClass)
        share.giveBack(bytes)
    }

    /// Whether the process has room for `bytes` of ``SharedBytes``; counts the question as an allocation that may be refused.
    func admitsShared(_ bytes: Int) -> Bool {
        !Accounting.isOn || (admitsAllocation() && share.hasRoom(for: bytes))
    }

    /// Adds ``SharedBytes``, whose two blocks count as one.
    func chargeShared(_ bytes: Int) {
        guard Accounting.isOn else { return }
        charge(bytes, to: .rings)
        sharedBytes += bytes
    }

    /// Takes ``SharedBytes`` away.
    func releaseShared(_ bytes: Int) {
        guard Accounting.isOn else { return }
        release(bytes, from: .rings)
        sharedBytes -= bytes
    }

    /// Adds a block of an account, which settles with ``share`` itself.
    @inline(__always)
    func add(_ bytes: Int, to memoryClass: MemoryClass) {
        precondition(bytes >= 0)
        usages[memoryClass.index].charge(bytes)
        total.charge(bytes)
    }

    /// Takes a block of an account away, which settles with ``share`` itself.
    @inline(__always)
    func remove(_ bytes: Int, from memoryClass: MemoryClass) {
        precondition(bytes >= 0)
        usages[memoryClass.index].release(bytes)
        total.release(bytes)
        if total.liveBlocks == spareBlocks, spareBlocks > 0 { freeSpares() }
    }

    /// Takes note of what a library allocated and freed by itself in an account's name.
    ///
    /// - Precondition: The class is left with nothing negative.
    @inline(__always)
    func adjust(bytes: Int, blocks: Int, of memoryClass: MemoryClass) {
        usages[memoryClass.index].adjust(bytes: bytes, blocks: blocks)
        total.adjust(bytes: bytes, blocks: blocks)
        if total.liveBlocks == spareBlocks, spareBlocks > 0 { freeSpares() }
    }

    /// Which allocations to refuse on purpose; nil, always but in tests, for none.
    ///
    /// Setting it starts the counting at 1. A failure that strikes once is nil again when it has struck.
    public var failAllocation: AllocationFailure? {
        get { failure }
        set {
            failure = newValue
            nextFailingAllocation = newValue.map { allocations + $0.first } ?? .max
        }
    }

    /// How many allocations that may be refused (transport blocks and ring segments) were asked for, the refused included.
    public var refusableAllocationCount: Int { allocations }

    /// Counts an allocation that may be refused; false when it must fail on purpose.
    @inline(__always)
    func admitsAllocation() -> Bool {
        allocations += 1
        return allocations < nextFailingAllocation || !strikes()
    }

    func countRefusal() {
        refusals += 1
    }

    @inline(never)
    private func strikes() -> Bool {
        switch failure {
        case .once: failAllocation = nil
        case .every(let interval): nextFailingAllocation = allocations + interval
        case .from, nil: break
        }
        return true
    }
}

// MARK: - Spare blocks

/// The beginning of a block that nobody uses at the moment.
@unsafe
private struct SpareBlock {
    let next: UnsafeMutablePointer<SpareBlock>?
    let bytes: Int
}

extension MemoryLedger {
    /// The most blocks that are kept, 36 KiB.
    ///
    /// In the datagram of a question the acknowledgement of the last answer comes first, which gives back the block that the next answer
    /// takes: so a few are enough. Clients without time to spare acknowledge later, and then a hundred of them take blocks before they give
    /// some back.
    public static let spareBlocksLimit = 128
    /// The blocks that are kept even where there is little else.
    public static let fewSpareBlocks = 4
    /// More spare blocks are kept up to this part of all that is held: one in so many bytes.
    public static let bytesOfSpareByte = 64

    /// Keeps `block`, of `bytes` bytes, which is charged to nobody any more; false when there are as many, or when nothing else is left.
    func keepSpare(_ block: UnsafeMutableRawPointer, of bytes: Int) -> Bool {
        guard spareBlocks < Self.spareBlocksLimit, total.liveBlocks > spareBlocks else { return false }
        let isWithinPart = spareBytes < total.liveBytes / Self.bytesOfSpareByte
        guard isWithinPart || spareBlocks < Self.fewSpareBlocks else { return false }
        charge(bytes, to: .table)
        let spare = unsafe block.bindMemory(to: SpareBlock.self, capacity: 1)
        unsafe spare.initialize(to: SpareBlock(next: firstSpare, bytes: bytes))
        unsafe firstSpare = spare
        spareBlocks += 1
        spareBytes += bytes
        return true
    }

    /// A block that was kept, which is charged to nobody any more; nil when there is none.
    func takeSpare() -> UnsafeMutableRawPointer? {
        guard let spare = unsafe firstSpare else { return nil }
        let bytes = unsafe spare.pointee.bytes
        unsafe firstSpare = spare.pointee.next
        spareBlocks -= 1
        spareBytes -= bytes
        usages[MemoryClass.table.index].release(bytes)
        total.release(bytes)
        share.giveBack(bytes)
        return UnsafeMutableRawPointer(spare)
    }

    @inline(never)
    private func freeSpares() {
        while let spare = unsafe takeSpare() { unsafe systemFree(spare) }
    }
}
