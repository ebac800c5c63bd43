package import BoundedMemory

/// A few connection IDs in no order: the ones that lead to a connection.
///
/// Two words long, since every connection has two of them: it remembers neither whom nor as what its block is charged,
/// so each call that changes it is told.
///
/// Owns: one block of 24 bytes an ID. Released by: removing the last ID, or ``removeAll(owner:chargedTo:)``, which has to
/// come before `deinit`. Bound: 4 IDs or 2 × the most there were at once, whichever is more.
@safe
package struct ConnectionIDList: ~Copyable {
    private static let smallestCapacity: UInt32 = 4

    private var ids: UnsafeMutablePointer<ConnectionID>?
    private var idCount: UInt32 = 0
    private var capacity: UInt32 = 0

    /// An empty list, which holds no memory.
    package init() {}

    /// A list of the same IDs with no room for more.
    package init(
        copying other: borrowing ConnectionIDList,
        owner: some MemoryOwner,
        chargedTo memoryClass: MemoryClass
    ) {
        resize(to: other.idCount, owner, memoryClass)
        for index in 0..<other.count { append(other[index], owner: owner, chargedTo: memoryClass) }
    }

    deinit {
        precondition(unsafe ids == nil, "a list of connection IDs has to be emptied by its owner")
    }

    /// The number of IDs.
    package var count: Int { Int(idCount) }

    /// The bytes held from the allocator.
    package var allocatedBytes: Int { unsafe MemoryBlock.bytes(of: ids) }

    /// The ID at a place, which another takes when it is removed.
    package subscript(index: Int) -> ConnectionID {
        guard index >= 0, index < count, let ids = unsafe ids else { preconditionFailure("no such connection ID") }
        return unsafe ids[index]
    }

    /// Adds `id`, which must not be there already.
    package mutating func append(_ id: ConnectionID, owner: some MemoryOwner, chargedTo memoryClass: MemoryClass) {
        if idCount == capacity { resize(to: max(Self.smallestCapacity, 2 * capacity), owner, memoryClass) }
        unsafe ids?[count] = id
        idCount += 1
    }

    /// Removes `id` if it is there; the last ID takes its place.
    package mutating func remove(_ id: ConnectionID, owner: some MemoryOwner, chargedTo memoryClass: MemoryClass) {
        guard let index = (0..<count).first(where: { self[$0] == id }) else { return }
        unsafe ids?[index] = self[count - 1]
        idCount -= 1
        if idCount == 0 { resize(to: 0, owner, memoryClass) }
    }

    /// Removes every ID and gives the memory back.
    package mutating func removeAll(owner: some MemoryOwner, chargedTo memoryClass: MemoryClass) {
        idCount = 0
        resize(to: 0, owner, memoryClass)
    }

    /// Moves the IDs into a block with room for `newCapacity`.
    private mutating func resize(to newCapacity: UInt32, _ owner: some MemoryOwner, _ memoryClass: MemoryClass) {
        var replacement: UnsafeMutablePointer<ConnectionID>?
        if newCapacity > 0 {
            unsafe replacement = .allocate(capacity: Int(newCapacity))
            unsafe owner.charge(MemoryBlock.bytes(of: replacement), to: memoryClass)
        }
        if let old = unsafe ids {
            unsafe replacement?.moveInitialize(from: old, count: count)
            unsafe owner.release(MemoryBlock.bytes(of: old), from: memoryClass)
            unsafe old.deallocate()
        }
        unsafe ids = replacement
        capacity = newCapacity
    }
}
