import CShims

/// One block of uninitialised slots: what the collections of this package keep their elements in.
///
/// The collection knows which slots are initialised and deinitialises them before it lets go of the storage.
/// When the system has no memory for the block the process stops, as with an `Array`.
///
/// Owns: one block of `capacity` slots, none for a capacity of 0. Released by: `deinit`. Bound: `capacity` at its creation.
@safe
public struct SlotStorage<Element: ~Copyable>: ~Copyable {
    @usableFromInline let slots: UnsafeMutableBufferPointer<Element>
    /// The bytes the allocator set aside for the block.
    public let allocatedBytes: Int
    @usableFromInline let owner: (any MemoryOwner)?
    @usableFromInline let memoryClass: MemoryClass

    /// A block of `capacity` slots, charged to `memoryClass` of `owner` while it lives.
    @inlinable
    public init(capacity: Int, owner: (any MemoryOwner)?, chargedTo memoryClass: MemoryClass) {
        self.owner = owner
        self.memoryClass = memoryClass
        guard capacity > 0 else {
            unsafe slots = UnsafeMutableBufferPointer(start: nil, count: 0)
            allocatedBytes = 0
            return
        }
        unsafe slots = .allocate(capacity: capacity)
        allocatedBytes = unsafe SlotStorage.blockBytes(UnsafeRawPointer(slots.baseAddress))
        owner?.charge(allocatedBytes, to: memoryClass)
    }

    @inlinable
    deinit {
        guard allocatedBytes > 0 else { return }
        unsafe slots.deallocate()
        owner?.release(allocatedBytes, from: memoryClass)
    }

    /// How many slots there are.
    @inlinable
    public var capacity: Int { unsafe slots.count }

    /// The first slot.
    ///
    /// - Precondition: The capacity is not 0.
    @unsafe
    @inlinable
    public var start: UnsafeMutablePointer<Element> {
        guard let start = unsafe slots.baseAddress else { preconditionFailure("there are no slots") }
        return unsafe start
    }

    /// A block of another capacity, charged to the same owner.
    @inlinable
    public func replacement(capacity: Int) -> SlotStorage {
        SlotStorage(capacity: capacity, owner: owner, chargedTo: memoryClass)
    }
}

extension SlotStorage where Element: ~Copyable {
    @usableFromInline
    static func blockBytes(_ block: UnsafeRawPointer?) -> Int {
        unsafe qh_block_bytes(block)
    }
}
