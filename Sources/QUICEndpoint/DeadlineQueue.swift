import BoundedMemory
import Datagrams

/// The next deadline of every connection, soonest first, one for each slot of the connection table.
///
/// A heap in which every node has four children, with an index that says where in the heap a slot's deadline is. Moving or
/// removing a deadline changes the heap in place and leaves nothing behind.
///
/// Owns: two blocks, the heap (16 bytes a place) and the index (4 bytes a slot). Released by: removing the last deadline, or
/// `deinit`. Bound: the heap has 8 places or 4 × ``count``, whichever is more; the index has 16 places or 4 × the highest slot
/// with a deadline, whichever is more, once a sixteenth as many deadlines were removed as it has places; half as much again while they grow or shrink.
@safe
public struct DeadlineQueue: ~Copyable {
    private struct Entry {
        let deadline: MonotonicInstant
        let slot: UInt32
    }

    private static let smallestCapacity = 8
    private static let childCount = 4
    private static let absent = UInt32.max

    /// The number of deadlines.
    public private(set) var count = 0
    private var heap: SlotStorage<Entry>
    private var positions: SlotStorage<UInt32>
    /// How many deadlines have a slot in the upper three quarters of the index.
    private var highSlotCount = 0
    /// How often a deadline was removed and left the index too large.
    private var sparseRemovalCount = 0

    /// An empty queue, which holds no memory.
    ///
    /// - Parameter ledger: Where its blocks are charged, as ``BoundedMemory/MemoryClass/table``.
    public init(ledger: MemoryLedger? = nil) {
        heap = SlotStorage(capacity: 0, owner: ledger, chargedTo: .table)
        positions = SlotStorage(capacity: 0, owner: ledger, chargedTo: .table)
    }

    /// The soonest deadline; nil when there is none.
    public var next: MonotonicInstant? { count > 0 ? self[0].deadline : nil }

    /// The bytes held from the allocator.
    public var allocatedBytes: Int { heap.allocatedBytes + positions.allocatedBytes }

    /// The deadline of a slot; nil when it has none.
    public func deadline(of slot: UInt32) -> MonotonicInstant? {
        position(of: slot).map { self[$0].deadline }
    }

    /// Sets, or moves, the deadline of a slot. `.distantFuture` removes it.
    ///
    /// - Precondition: `slot` is below `UInt32.max`.
    /// - Complexity: O(log n).
    public mutating func set(_ deadline: MonotonicInstant, for slot: UInt32) {
        precondition(slot < Self.absent)
        guard deadline < .distantFuture else { return remove(slot) }
        let entry = Entry(deadline: deadline, slot: slot)
        if let position = position(of: slot) {
            replaceEntry(at: position, with: entry)
        } else {
            reservePlace(for: slot)
            if isHigh(slot) { highSlotCount += 1 }
            count += 1
            siftUp(entry, from: count - 1)
        }
    }

    /// Removes the deadline of a slot, if it has one.
    ///
    /// - Complexity: O(log n).
    public mutating func remove(_ slot: UInt32) {
        guard let position = position(of: slot) else { return }
        unsafe positions.start[Int(slot)] = Self.absent
        if isHigh(slot) { highSlotCount -= 1 }
        count -= 1
        if position < count { replaceEntry(at: position, with: self[count]) }
        shrinkIfSparse()
    }

    /// Removes the soonest deadline if it is not after `now`, and returns its slot.
    ///
    /// - Complexity: O(log n).
    public mutating func popExpired(at now: MonotonicInstant) -> UInt32? {
        guard count > 0, self[0].deadline <= now else { return nil }
        let slot = self[0].slot
        remove(slot)
        return slot
    }
}

extension DeadlineQueue {
    /// The entry at a place of the heap. Setting it tells the index.
    private subscript(position: Int) -> Entry {
        get { unsafe heap.start[position] }
        nonmutating set {
            unsafe heap.start[position] = newValue
            unsafe positions.start[Int(newValue.slot)] = UInt32(position)
        }
    }

    private func position(of slot: UInt32) -> Int? {
        guard Int(slot) < positions.capacity else { return nil }
        let position = unsafe positions.start[Int(slot)]
        return position == Self.absent ? nil : Int(position)
    }

    /// Puts `entry` in the place of the one at `position`, and from there where it belongs.
    private func replaceEntry(at position: Int, with entry: Entry) {
        if entry.deadline < self[position].deadline {
            siftUp(entry, from: position)
        } else {
            siftDown(entry, from: position)
        }
    }

    private func siftUp(_ entry: Entry, from start: Int) {
        var position = start
        while position > 0 {
            let parent = (position - 1) / Self.childCount
            guard entry.deadline < self[parent].deadline else { break }
            self[position] = self[parent]
            position = parent
        }
        self[position] = entry
    }

    private func siftDown(_ entry: Entry, from start: Int) {
        var position = start
        while let child = soonestChild(of: position), self[child].deadline < entry.deadline {
            self[position] = self[child]
            position = child
        }
        self[position] = entry
    }

    private func soonestChild(of position: Int) -> Int? {
        let first = Self.childCount * position + 1
        guard first < count else { return nil }
        var soonest = first
        for child in (first + 1)..<max(first + 1, min(first + Self.childCount, count))
        where self[child].deadline < self[soonest].deadline {
            soonest = child
        }
        return soonest
    }
}

extension DeadlineQueue {
    /// Whether every deadline is no sooner than its parent's, and the index names every place.
    var isConsistent: Bool {
        (0..<count).allSatisfy { position in
            let parent = max(0, position - 1) / Self.childCount
            return self[parent].deadline <= self[position].deadline
                && self.position(of: self[position].slot) == position
        } && highSlotCount == (0..<count).count { isHigh(self[$0].slot) }
    }

    private mutating func reservePlace(for slot: UInt32) {
        if count == heap.capacity { resizeHeap(to: max(Self.smallestCapacity, 2 * heap.capacity)) }
        if Int(slot) >= positions.capacity { resizeIndex(to: Self.indexCapacity(for: slot)) }
    }

    private mutating func shrinkIfSparse() {
        if count == 0 {
            resizeHeap(to: 0)
            resizeIndex(to: 0)
            return
        }
        if count < heap.capacity / 4, heap.capacity > Self.smallestCapacity { resizeHeap(to: heap.capacity / 2) }
        if highSlotCount == 0, positions.capacity > 2 * Self.smallestCapacity {
            // Not at once: one connection in a high slot that others have left sets its deadline again and again.
            sparseRemovalCount += 1
            guard sparseRemovalCount > positions.capacity / 16 else { return }
            // Twice what is needed, so that the next higher slot does not make it grow at once.
            resizeIndex(to: 2 * Self.indexCapacity(for: highestSlot()))
        }
    }

    /// Whether a slot is in the upper three quarters of the index.
    private func isHigh(_ slot: UInt32) -> Bool { Int(slot) >= positions.capacity / 4 }

    private func highestSlot() -> UInt32 {
        var highest: UInt32 = 0
        for position in 0..<count { highest = max(highest, self[position].slot) }
        return highest
    }

    /// The power of two, from the smallest capacity, that reaches beyond `slot`.
    private static func indexCapacity(for slot: UInt32) -> Int {
        max(smallestCapacity, 1 << (Int.bitWidth - Int(slot).leadingZeroBitCount))
    }

    private mutating func resizeHeap(to capacity: Int) {
        let replacement = heap.replacement(capacity: capacity)
        if count > 0 { unsafe replacement.start.moveInitialize(from: heap.start, count: count) }
        heap = replacement
    }

    private mutating func resizeIndex(to capacity: Int) {
        let replacement = positions.replacement(capacity: capacity)
        let kept = min(capacity, positions.capacity)
        if kept > 0 { unsafe replacement.start.initialize(from: positions.start, count: kept) }
        if kept < capacity {
            unsafe (replacement.start + kept).initialize(repeating: Self.absent, count: capacity - kept)
        }
        positions = replacement
        sparseRemovalCount = 0
        highSlotCount = 0
        for position in 0..<count where isHigh(self[position].slot) { highSlotCount += 1 }
    }
}
