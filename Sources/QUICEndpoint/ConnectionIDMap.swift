import BoundedMemory
import QUICTransport

/// Finds the connection a packet belongs to by its destination connection ID. RFC 9000 §5.2.
///
/// An open-addressing table with linear probing. A retired ID leaves nothing behind, no tombstone either: the entries
/// behind it move back. A client chooses the first connection IDs it sends to, so the hash is keyed with a secret seed;
/// else it could choose IDs that all collide.
///
/// Owns: one block of 32 bytes a slot; with 3/8 to 3/4 of the slots in use while it grows, 43 to 85 bytes an entry.
/// Released by: retiring the last ID, or `deinit`. Bound: 16 slots or 8 × ``count``, whichever is more; half as much again
/// while it grows or shrinks.
@safe
public struct ConnectionIDMap: ~Copyable {
    private struct Slot {
        var id: ConnectionID
        var owner: ConnectionHandle

        static let empty = Slot(id: ConnectionID(), owner: .none)

        var isEmpty: Bool { owner.index == ConnectionHandle.none.index }
    }

    private static let smallestCapacity = 16

    /// The number of connection IDs.
    public private(set) var count = 0
    /// How often a connection tried to retire an ID that belongs to another one.
    public private(set) var foreignRetirementCount = 0
    private var storage: SlotStorage<Slot>
    private let seed: UInt64

    /// An empty map, which holds no memory.
    ///
    /// - Parameters:
    ///   - seed: The secret key of the hash; random unless a test needs it repeated.
    ///   - ledger: Where its block is charged, as ``MemoryClass/table``.
    public init(seed: UInt64 = .random(in: .min ... .max), ledger: MemoryLedger? = nil) {
        self.seed = seed
        storage = SlotStorage(capacity: 0, owner: ledger, chargedTo: .table)
    }

    /// The number of slots: 0, or a power of two from 16.
    public var capacity: Int { storage.capacity }

    /// The bytes held from the allocator.
    public var allocatedBytes: Int { storage.allocatedBytes }

    /// Routes packets with this connection ID to `owner`.
    ///
    /// - Returns: Whether it does; false, and nothing changes, when the ID is routed already, be it to the same owner.
    /// - Complexity: O(1) expected, amortised over growth at a load of 3/4.
    public mutating func insert(_ id: ConnectionID, for owner: ConnectionHandle) -> Bool {
        if capacity > 0, !self[find(id)].isEmpty { return false }
        if 4 * (count + 1) > 3 * capacity { resize(to: max(Self.smallestCapacity, 2 * capacity)) }
        self[find(id)] = Slot(id: id, owner: owner)
        count += 1
        return true
    }

    /// The connection that packets with this connection ID belong to.
    ///
    /// - Complexity: O(1) expected.
    public func route(to id: ConnectionID) -> ConnectionHandle? {
        guard count > 0 else { return nil }
        let slot = self[find(id)]
        return slot.isEmpty ? nil : slot.owner
    }

    /// Stops routing this connection ID to `owner`. RFC 9000 §5.1.2.
    ///
    /// Only its owner may retire an ID, so that no connection can make another one unreachable; an attempt to is counted.
    ///
    /// - Returns: Whether the ID was routed to `owner`.
    /// - Complexity: O(1) expected, amortised over shrinking below a load of 1/8.
    @discardableResult
    public mutating func retire(_ id: ConnectionID, from owner: ConnectionHandle) -> Bool {
        guard count > 0 else { return false }
        let position = find(id)
        let slot = self[position]
        guard !slot.isEmpty else { return false }
        guard slot.owner == owner else {
            foreignRetirementCount += 1
            return false
        }
        removeSlot(at: position)
        count -= 1
        if count == 0 {
            resize(to: 0)
        } else if 8 * count < capacity, capacity > Self.smallestCapacity {
            resize(to: capacity / 2)
        }
        return true
    }

    /// Calls `body` with every connection ID and its owner, in no particular order.
    public func forEach(_ body: (ConnectionID, ConnectionHandle) throws -> Void) rethrows {
        for position in 0..<capacity where !self[position].isEmpty {
            try body(self[position].id, self[position].owner)
        }
    }
}

extension ConnectionIDMap {
    /// The most slots looked at to find any one of the IDs.
    var longestProbeCount: Int {
        var longest = 0
        for position in 0..<capacity where !self[position].isEmpty {
            longest = max(longest, distance(from: home(of: self[position].id), to: position) + 1)
        }
        return longest
    }

    private subscript(position: Int) -> Slot {
        get { unsafe storage.start[position] }
        nonmutating set { unsafe storage.start[position] = newValue }
    }

    /// The slot where the search for an ID begins.
    private func home(of id: ConnectionID) -> Int {
        var hasher = Hasher()
        hasher.combine(seed)
        hasher.combine(id)
        return hasher.finalize() & (capacity - 1)
    }

    /// How many slots after `start` comes `position`, around the end of the block.
    private func distance(from start: Int, to position: Int) -> Int {
        (position - start) & (capacity - 1)
    }

    /// The slot that holds an ID, or the empty one where it would go. There always is an empty one.
    private func find(_ id: ConnectionID) -> Int {
        var position = home(of: id)
        while !self[position].isEmpty, self[position].id != id {
            position = (position + 1) & (capacity - 1)
        }
        return position
    }

    /// Empties a slot, and moves back every later entry of its run whose search would now end there.
    private func removeSlot(at position: Int) {
        var gap = position
        var next = (gap + 1) & (capacity - 1)
        while !self[next].isEmpty {
            let slot = self[next]
            if distance(from: home(of: slot.id), to: next) >= distance(from: gap, to: next) {
                self[gap] = slot
                gap = next
            }
            next = (next + 1) & (capacity - 1)
        }
        self[gap] = .empty
    }

    /// Moves every entry into a block of `capacity` slots.
    private mutating func resize(to capacity: Int) {
        var previous = storage.replacement(capacity: capacity)
        if capacity > 0 { unsafe previous.start.initialize(repeating: .empty, count: capacity) }
        swap(&storage, &previous)
        for position in 0..<previous.capacity {
            let slot = unsafe previous.start[position]
            if !slot.isEmpty { self[find(slot.id)] = slot }
        }
    }
}
