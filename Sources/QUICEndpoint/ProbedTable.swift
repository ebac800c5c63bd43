import BoundedMemory

/// What a ``ProbedTable`` keeps in a slot: an entry, or nothing.
protocol ProbedSlot {
    associatedtype Key: Hashable

    /// A slot without an entry.
    static var empty: Self { get }
    var isEmpty: Bool { get }
    /// What the entry is found by.
    var key: Key { get }
}

/// An open-addressing table with linear probing, whose keys strangers choose: the hash is keyed with a secret seed, or
/// they could choose keys that all collide.
///
/// A removed entry leaves nothing behind, no tombstone either: the entries behind it move back.
///
/// Owns: one block of slots. Released by: removing the last entry, or `deinit`. Bound: 16 slots or 8 × ``count``, whichever
/// is more; half as much again while it grows or shrinks.
@safe
struct ProbedTable<Slot: ProbedSlot>: ~Copyable {
    /// The number of entries.
    private(set) var count = 0
    private var storage: SlotStorage<Slot>
    private let seed: UInt64

    private let smallestCapacity = 16

    /// An empty table, which holds no memory.
    init(seed: UInt64, ledger: MemoryLedger?) {
        self.seed = seed
        storage = SlotStorage(capacity: 0, owner: ledger, chargedTo: .table)
    }

    /// The number of slots: 0, or a power of two from 16.
    var capacity: Int { storage.capacity }

    /// The bytes held from the allocator.
    var allocatedBytes: Int { storage.allocatedBytes }

    /// The entry with this key; nil when there is none.
    ///
    /// - Complexity: O(1) expected.
    subscript(key: Slot.Key) -> Slot? {
        guard let position = position(of: key) else { return nil }
        return self[at: position]
    }

    /// Where the entry with this key is, until the table changes; nil when there is none.
    func position(of key: Slot.Key) -> Int? {
        guard count > 0 else { return nil }
        let position = find(key)
        return self[at: position].isEmpty ? nil : position
    }

    /// The slot at a position. An entry may be replaced by one of the same key.
    subscript(at position: Int) -> Slot {
        get { unsafe storage.start[position] }
        nonmutating set { unsafe storage.start[position] = newValue }
    }

    /// Changes the entry at a position, which keeps its key.
    func update(at position: Int, _ change: (inout Slot) -> Void) {
        let slot = unsafe storage.start + position
        unsafe change(&slot.pointee)
    }

    /// Adds an entry whose key is not there yet.
    ///
    /// - Complexity: O(1) expected, amortised over growth at a load of 3/4.
    mutating func add(_ slot: Slot) {
        if 4 * (count + 1) > 3 * capacity { resize(to: max(smallestCapacity, 2 * capacity)) }
        self[at: find(slot.key)] = slot
        count += 1
    }

    /// Removes the entry at a position.
    ///
    /// - Complexity: O(1) expected, amortised over shrinking below a load of 1/8.
    mutating func remove(at position: Int) {
        closeGap(at: position)
        count -= 1
        if count == 0 {
            resize(to: 0)
        } else if 8 * count < capacity, capacity > smallestCapacity {
            resize(to: capacity / 2)
        }
    }

    /// The most slots looked at to find any one of the entries.
    var longestProbeCount: Int {
        var longest = 0
        for position in 0..<capacity where !self[at: position].isEmpty {
            longest = max(longest, distance(from: home(of: self[at: position].key), to: position) + 1)
        }
        return longest
    }

    /// The slot where the search for a key begins.
    private func home(of key: Slot.Key) -> Int {
        var hasher = Hasher()
        hasher.combine(seed)
        hasher.combine(key)
        return hasher.finalize() & (capacity - 1)
    }

    /// How many slots after `start` comes `position`, around the end of the block.
    private func distance(from start: Int, to position: Int) -> Int {
        (position - start) & (capacity - 1)
    }

    /// The slot that holds a key, or the empty one where it would go. There always is an empty one.
    private func find(_ key: Slot.Key) -> Int {
        var position = home(of: key)
        while !self[at: position].isEmpty, self[at: position].key != key {
            position = (position + 1) & (capacity - 1)
        }
        return position
    }

    /// Empties a slot, and moves back every later entry of its run whose search would now end there.
    private func closeGap(at position: Int) {
        var gap = position
        var next = (gap + 1) & (capacity - 1)
        while !self[at: next].isEmpty {
            let slot = self[at: next]
            if distance(from: home(of: slot.key), to: next) >= distance(from: gap, to: next) {
                self[at: gap] = slot
                gap = next
            }
            next = (next + 1) & (capacity - 1)
        }
        self[at: gap] = .empty
    }

    /// Moves every entry into a block of `capacity` slots.
    private mutating func resize(to capacity: Int) {
        var previous = storage.replacement(capacity: capacity)
        if capacity > 0 { unsafe previous.start.initialize(repeating: .empty, count: capacity) }
        swap(&storage, &previous)
        for position in 0..<previous.capacity {
            let slot = unsafe previous.start[position]
            if !slot.isEmpty { self[at: find(slot.key)] = slot }
        }
    }
}
