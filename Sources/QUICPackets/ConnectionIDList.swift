package import BoundedMemory

/// A few connection IDs in no order, such as those that lead to a connection, and the changes that its endpoint has not been told of.
///
/// An ID that comes and goes before anybody was told is none of these changes. So they are never more than the IDs that were told of
/// and those that there are now, and they need no queue.
///
/// Two words long, since every connection has two of them: it remembers neither whom nor as what its block is charged,
/// so each call that changes it is told.
///
/// Owns: one block of 24 bytes an ID. Released by: removing the last ID, or ``removeAll(owner:chargedTo:)``, which has to
/// come before `deinit`. Bound: 4 IDs or 2 × the most there were at once, whichever is more.
@safe
package struct ConnectionIDList: ~Copyable {
    /// A change that the endpoint is told of.
    package enum Change: Hashable {
        case added(ConnectionID)
        case removed(ConnectionID)
    }

    private static let smallestCapacity: UInt16 = 4

    /// Those that the endpoint knows, then those that are new to it, then those that it knows and that are no longer used.
    private var ids: UnsafeMutablePointer<ConnectionID>?
    private var idCount: UInt16 = 0
    private var capacity: UInt16 = 0
    private var addedCount: UInt16 = 0
    private var removedCount: UInt16 = 0

    /// An empty list, which holds no memory.
    package init() {}

    /// A list of the same IDs with no room for more, and without changes.
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

    /// The number of IDs, those among them that are no longer used and that the endpoint still knows.
    package var count: Int { Int(idCount) }

    /// The bytes held from the allocator.
    package var allocatedBytes: Int { unsafe MemoryBlock.bytes(of: ids) }

    /// Whether ``takeChange(owner:chargedTo:)`` has something to tell.
    package var hasChanges: Bool { addedCount > 0 || removedCount > 0 }

    /// The ID at a place, which another takes when it is removed.
    package subscript(index: Int) -> ConnectionID {
        guard index >= 0, index < count, let ids = unsafe ids else { preconditionFailure("no such connection ID") }
        return unsafe ids[index]
    }

    /// The place of the first ID that is new to the endpoint.
    private var firstAdded: Int { firstRemoved - Int(addedCount) }
    /// The place of the first ID that is no longer used.
    private var firstRemoved: Int { count - Int(removedCount) }

    /// Adds `id`, which the endpoint knows, and which must not be there already.
    ///
    /// - Precondition: There are no changes.
    package mutating func append(_ id: ConnectionID, owner: some MemoryOwner, chargedTo memoryClass: MemoryClass) {
        precondition(!hasChanges, "IDs that an endpoint knows come first")
        makeRoom(owner, memoryClass)
        set(count, to: id)
        idCount += 1
    }

    /// Adds `id`, which must not be there already, and which the endpoint does not know.
    package mutating func add(_ id: ConnectionID, owner: some MemoryOwner, chargedTo memoryClass: MemoryClass) {
        makeRoom(owner, memoryClass)
        if removedCount > 0 { set(count, to: self[firstRemoved]) }
        set(firstRemoved, to: id)
        idCount += 1
        addedCount += 1
    }

    /// Ends the use of `id` if it is there.
    package mutating func remove(_ id: ConnectionID, owner: some MemoryOwner, chargedTo memoryClass: MemoryClass) {
        if let index = (firstAdded..<firstRemoved).first(where: { self[$0] == id }) {
            set(index, to: self[firstRemoved - 1])
            set(firstRemoved - 1, to: self[count - 1])
            addedCount -= 1
            removeLast(owner, memoryClass)
        } else if let index = (0..<firstAdded).first(where: { self[$0] == id }) {
            set(index, to: self[firstAdded - 1])
            set(firstAdded - 1, to: self[firstRemoved - 1])
            set(firstRemoved - 1, to: id)
            removedCount += 1
        }
    }

    /// The next change that the endpoint has not been told of; nil when there is none. IDs that are no longer used come before those
    /// that are new, so that one which has come back is known afterwards.
    package mutating func takeChange(owner: some MemoryOwner, chargedTo memoryClass: MemoryClass) -> Change? {
        if removedCount > 0 {
            let id = self[count - 1]
            removedCount -= 1
            removeLast(owner, memoryClass)
            return .removed(id)
        }
        guard addedCount > 0 else { return nil }
        let id = self[firstAdded]
        addedCount -= 1
        return .added(id)
    }

    /// Removes every ID, tells of no change, and gives the memory back.
    package mutating func removeAll(owner: some MemoryOwner, chargedTo memoryClass: MemoryClass) {
        (idCount, addedCount, removedCount) = (0, 0, 0)
        resize(to: 0, owner, memoryClass)
    }

    private func set(_ index: Int, to id: ConnectionID) {
        precondition(index >= 0 && index < Int(capacity))
        unsafe ids?[index] = id
    }

    private mutating func makeRoom(_ owner: some MemoryOwner, _ memoryClass: MemoryClass) {
        if idCount == capacity { resize(to: max(Self.smallestCapacity, 2 * capacity), owner, memoryClass) }
    }

    private mutating func removeLast(_ owner: some MemoryOwner, _ memoryClass: MemoryClass) {
        idCount -= 1
        if idCount == 0 { resize(to: 0, owner, memoryClass) }
    }

    /// Moves the IDs into a block with room for `newCapacity`.
    private mutating func resize(to newCapacity: UInt16, _ owner: some MemoryOwner, _ memoryClass: MemoryClass) {
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
