/// What one connection holds, by class, exact to the byte, and what it may hold.
///
/// Whatever is charged here is charged to the worker's ledger as well. An account that ends with blocks still
/// charged leaves them in the ledger, where the loss shows.
///
/// The account uses its ``floorBytes`` of the worker's share at all times, whether it holds them or not, and borrows what
/// it holds above them. So a connection below its floor is never refused memory because of others.
///
/// The account's address is the user data of the allocator hooks in ``TransportAllocator``, so it must outlive
/// everything allocated through them.
///
/// Owns: nothing but its counters (120 bytes). Bound: ``bytesLimit``.
public final class MemoryAccount {
    // Not checked: one thread uses an account, and nothing here calls out while it changes them.

    let ledger: MemoryLedger
    @safe @exclusivity(unchecked) private var bytes = InlineArray<5, Int>(repeating: 0)
    @safe @exclusivity(unchecked) private var blocks = InlineArray<5, Int32>(repeating: 0)
    @safe @exclusivity(unchecked) private var shared: UInt32 = 0
    @safe @exclusivity(unchecked) private var total = 0
    @safe @exclusivity(unchecked) private var peak = 0
    private var refusals: UInt32 = 0
    private var limitRefusals: UInt32 = 0
    @safe @exclusivity(unchecked) private var limit = Int.max
    @safe @exclusivity(unchecked) private var floor = 0
    /// Whether the memory limit of the process refused an allocation, and not ``bytesLimit``.
    public private(set) var wasRefusedByProcess = false
    /// Whether allocations are made that must not fail: ``withoutLimit(_:)``.
    @safe @exclusivity(unchecked) private var isExempt = false

    /// An account that holds nothing and adds to `ledger`.
    public init(ledger: MemoryLedger) {
        self.ledger = ledger
    }

    /// The most bytes the classes ``MemoryClass/transport`` and ``MemoryClass/rings`` may hold together with ``sharedBytes``; `.max`
    /// for any number. They are what a peer can make grow.
    ///
    /// A limit below what is held already refuses every allocation until enough is released.
    public var bytesLimit: Int {
        get { limit }
        set {
            precondition(newValue >= 0)
            limit = newValue
        }
    }

    /// The bytes that are kept for this account at all times, in all classes together.
    public var floorBytes: Int {
        get { floor }
        set {
            precondition(newValue >= 0)
            guard Accounting.isOn else { return }
            let (before, after) = (max(floor, total), max(newValue, total))
            floor = newValue
            if after > before { ledger.share.use(after - before) } else { ledger.share.giveBack(before - after) }
        }
    }

    /// The bytes held above ``floorBytes``.
    public var borrowedBytes: Int { max(0, total - floor) }

    /// Calls `body`, in which no allocation is refused because of a limit: for the last packet of a connection that has
    /// used up its own.
    package func withoutLimit<Result>(_ body: () -> Result) -> Result {
        isExempt = true
        defer { isExempt = false }
        return body()
    }

    /// The bytes held in one class.
    public func liveBytes(of memoryClass: MemoryClass) -> Int { bytes[memoryClass.index] }

    /// The blocks held in one class.
    public func liveBlocks(of memoryClass: MemoryClass) -> Int { Int(blocks[memoryClass.index]) }

    /// The bytes held in all classes together.
    public var liveBytes: Int { total }

    /// The most bytes held at once in all classes together.
    public var peakBytes: Int { peak }

    /// How many allocations were refused, by a limit, on purpose or by the system.
    public var refusedCount: Int { Int(refusals) }

    /// How many of those ``bytesLimit`` refused.
    public var limitRefusedCount: Int { Int(limitRefusals) }

    /// Whether nothing is held in any class.
    public var isEmpty: Bool {
        total == 0 && shared == 0 && blocks.indices.allSatisfy { blocks[$0] == 0 }
    }

    /// Adds one block of `bytes` bytes. This never refuses: it is for memory that is taken already.
    @inline(__always)
    public func charge(_ bytes: Int, to memoryClass: MemoryClass) {
        guard Accounting.isOn else { return }
        self.bytes[memoryClass.index] += bytes
        blocks[memoryClass.index] += 1
        grow(by: bytes)
        ledger.add(bytes, to: memoryClass)
    }

    /// Takes one block of `bytes` bytes away.
    ///
    /// - Precondition: It was charged to the same class.
    @inline(__always)
    public func release(_ bytes: Int, from memoryClass: MemoryClass) {
        guard Accounting.isOn else { return }
        let index = memoryClass.index
        precondition(self.bytes[index] >= bytes && blocks[index] > 0, "more memory released than was charged")
        self.bytes[index] -= bytes
        blocks[index] -= 1
        shrink(by: bytes)
        ledger.remove(bytes, from: memoryClass)
    }

    /// Adds to the total, and borrows what is above the floor.
    @inline(__always)
    private func grow(by bytes: Int) {
        let before = total
        total += bytes
        if total > peak { peak = total }
        if total > floor { ledger.share.use(total - max(before, floor)) }
    }

    /// Takes away from the total, and gives back what was borrowed for it.
    @inline(__always)
    private func shrink(by bytes: Int) {
        let before = total
        total -= bytes
        if before > floor { ledger.share.giveBack(before - max(total, floor)) }
    }

    /// Takes note of what a library allocated and freed by itself: `bytes` in `blocks` more than before, or fewer.
    ///
    /// - Precondition: The class is left with nothing negative.
    @inline(__always)
    public func adjust(bytes: Int, blocks: Int, of memoryClass: MemoryClass) {
        guard Accounting.isOn, bytes != 0 || blocks != 0 else { return }
        let index = memoryClass.index
        self.bytes[index] += bytes
        self.blocks[index] += Int32(clamping: blocks)
        precondition(self.bytes[index] >= 0 && self.blocks[index] >= 0, "more memory released than was charged")
        if bytes >= 0 { grow(by: bytes) } else { shrink(by: -bytes) }
        ledger.adjust(bytes: bytes, blocks: blocks, of: memoryClass)
    }

    /// Whether `bytes` more of transport or rings stay within ``bytesLimit`` and the worker's share: for those who can do
    /// without.
    package func hasRoom(for bytes: Int) -> Bool {
        bytes <= limit - limitedBytes && sharesRoom(for: bytes)
    }

    /// The bytes that ``bytesLimit`` is about.
    package var limitedBytes: Int { bytes[MemoryClass.transport.index] + queuedBytes }

    /// The bytes that wait in its queues, those of ``SharedBytes`` included.
    package var queuedBytes: Int { bytes[MemoryClass.rings.index] + Int(shared) }

    /// The bytes of ``SharedBytes`` that its queues refer to, each as often as it is referred to. The ledger has them once, and
    /// this account does not; ``bytesLimit`` is about them as well.
    public var sharedBytes: Int { Int(shared) }

    /// A queue is about to refer to ``SharedBytes`` of `bytes`; false where that exceeds ``bytesLimit``.
    ///
    /// The process has the memory for them already.
    func beginSharing(_ bytes: Int) -> Bool {
        guard Accounting.isOn else { return true }
        guard isExempt || bytes <= limit - limitedBytes, bytes <= Int(UInt32.max - shared) else {
            limitRefusals &+= 1
            countRefusal()
            return false
        }
        shared += UInt32(bytes)
        return true
    }

    /// A queue refers to ``SharedBytes`` of `bytes` no longer.
    func endSharing(_ bytes: Int) {
        guard Accounting.isOn else { return }
        precondition(bytes <= shared, "more shared bytes given up than were referred to")
        shared -= UInt32(bytes)
    }

    /// Whether the worker's share has room for `bytes` more above the floor.
    @inline(__always)
    private func sharesRoom(for bytes: Int) -> Bool {
        total + bytes <= floor || ledger.share.hasRoom(for: total + bytes - max(total, floor))
    }

    /// Counts an allocation that may be refused; false when it must fail on purpose.
    @inline(__always)
    func admitsAllocation() -> Bool { !Accounting.isOn || ledger.admitsAllocation() }

    /// Whether `added` more bytes of a class stay within ``bytesLimit`` and the worker's share; counts it when they do not.
    @inline(__always)
    func admits(_ added: Int, in memoryClass: MemoryClass) -> Bool {
        guard Accounting.isOn, memoryClass == .transport || memoryClass == .rings else { return true }
        let isWithinLimit = added <= limit - limitedBytes
        if isWithinLimit, sharesRoom(for: added) { return true }
        return admitsBeyondLimit(ofProcess: isWithinLimit)
    }

    @inline(never)
    private func admitsBeyondLimit(ofProcess isWithinOwnLimit: Bool) -> Bool {
        if isExempt { return true }
        if isWithinOwnLimit { wasRefusedByProcess = true } else { limitRefusals &+= 1 }
        return false
    }

    @inline(never)
    func countRefusal() {
        refusals &+= 1
        ledger.countRefusal()
    }
}
