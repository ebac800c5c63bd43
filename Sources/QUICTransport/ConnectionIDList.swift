package import BoundedMemory

/// A few connection IDs in no order: the ones that lead to a connection.
///
/// Owns: one block of 24 bytes an ID. Released by: removing the last ID, or `deinit`. Bound: 4 IDs or 2 × the most there
/// were at once, whichever is more.
@safe
package struct ConnectionIDList: ~Copyable {
    private static let smallestCapacity = 4

    /// The number of IDs.
    package private(set) var count = 0
    private var storage: SlotStorage<ConnectionID>

    /// An empty list, which holds no memory.
    ///
    /// - Parameters:
    ///   - owner: Where its block is charged.
    ///   - memoryClass: As what it is charged there.
    package init(owner: any MemoryOwner, chargedTo memoryClass: MemoryClass) {
        storage = SlotStorage(capacity: 0, owner: owner, chargedTo: memoryClass)
    }

    /// A list of the same IDs with no room for more.
    package init(copying other: borrowing ConnectionIDList, owner: any MemoryOwner, chargedTo memoryClass: MemoryClass)
    {
        storage = SlotStorage(capacity: other.count, owner: owner, chargedTo: memoryClass)
        for index in 0..<other.count { append(other[index]) }
    }

    /// The bytes held from the allocator.
    package var allocatedBytes: Int { storage.allocatedBytes }

    /// The ID at a place, which another takes when it is removed.
    package subscript(index: Int) -> ConnectionID {
        precondition(index >= 0 && index < count, "no such connection ID")
        return unsafe storage.start[index]
    }

    /// The IDs as an array, for those who only look.
    package var all: [ConnectionID] { (0..<count).map { self[$0] } }

    /// Adds `id`, which must not be there already.
    package mutating func append(_ id: ConnectionID) {
        if count == storage.capacity { resize(to: max(Self.smallestCapacity, 2 * count)) }
        unsafe (storage.start + count).initialize(to: id)
        count += 1
    }

    /// Removes `id` if it is there; the last ID takes its place.
    package mutating func remove(_ id: ConnectionID) {
        guard let index = (0..<count).first(where: { self[$0] == id }) else { return }
        count -= 1
        unsafe storage.start[index] = storage.start[count]
        if count == 0 { resize(to: 0) }
    }

    /// Removes every ID and gives the memory back.
    package mutating func removeAll() {
        count = 0
        resize(to: 0)
    }

    private mutating func resize(to capacity: Int) {
        let replacement = storage.replacement(capacity: capacity)
        if count > 0 { unsafe replacement.start.moveInitialize(from: storage.start, count: count) }
        storage = replacement
    }
}
