/// A first-in, first-out queue of slots that grows to a limit, refuses beyond it, and gives its memory back.
///
/// It starts with no memory. Capacity doubles from 8 slots up to the limit, halves when fewer than a quarter of the slots
/// are in use after a pop, and is 0 again when the last element is popped. A popped element is moved out of its
/// slot, so nothing it refers to stays behind.
///
/// Owns: one block of slots and the elements in them. Released by: popping the last element, or `deinit`.
/// Bound: `capacityLimit × MemoryLayout<Element>.stride` bytes and the allocator's rounding; half as much again
/// while it grows or shrinks.
@safe
public struct RingBuffer<Element: ~Copyable>: ~Copyable {
    /// The most elements the queue takes.
    public let capacityLimit: Int
    @usableFromInline var storage: SlotStorage<Element>
    @usableFromInline var head = 0
    @usableFromInline var elementCount = 0
    @usableFromInline var refusedElementCount = 0

    @inlinable
    static var smallestCapacity: Int { 8 }

    /// An empty queue, which holds no memory.
    ///
    /// - Parameters:
    ///   - capacityLimit: The most elements it takes, at least 1.
    ///   - owner: Where its block is charged.
    ///   - memoryClass: As what it is charged there.
    @inlinable
    public init(
        capacityLimit: Int,
        owner: (any MemoryOwner)? = nil,
        chargedTo memoryClass: MemoryClass = .rings
    ) {
        precondition(capacityLimit > 0)
        self.capacityLimit = capacityLimit
        storage = SlotStorage(capacity: 0, owner: owner, chargedTo: memoryClass)
    }

    @inlinable
    deinit {
        for index in 0..<elementCount {
            unsafe (storage.start + RingBuffer.slot(head + index, in: storage.capacity)).deinitialize(count: 1)
        }
    }

    /// The number of elements.
    @inlinable
    public var count: Int { elementCount }

    /// Whether there is no element.
    @inlinable
    public var isEmpty: Bool { elementCount == 0 }

    /// How many elements the present memory holds.
    @inlinable
    public var capacity: Int { storage.capacity }

    /// The bytes held from the allocator.
    @inlinable
    public var allocatedBytes: Int { storage.allocatedBytes }

    /// How many elements were refused because the queue was full.
    @inlinable
    public var overflowCount: Int { refusedElementCount }

    /// Puts `element` at the end; gives it back, and counts it, when the queue is full.
    ///
    /// - Complexity: O(1) amortised.
    @inlinable
    @discardableResult
    public mutating func push(_ element: consuming Element) -> Element? {
        guard elementCount < capacityLimit else {
            refusedElementCount += 1
            return element
        }
        if elementCount == storage.capacity {
            resize(to: min(max(RingBuffer.smallestCapacity, 2 * storage.capacity), capacityLimit))
        }
        unsafe (storage.start + RingBuffer.slot(head + elementCount, in: storage.capacity)).initialize(to: element)
        elementCount += 1
        return nil
    }

    /// Puts `element` at the end; when the queue is full, the first element makes room and is given back.
    ///
    /// - Complexity: O(1) amortised; in a full queue without any allocation.
    @inlinable
    @discardableResult
    public mutating func pushDisplacing(_ element: consuming Element) -> Element? {
        guard elementCount == capacityLimit else { return push(element) }
        // A full queue fills its block: the slot of the first element is the one behind the last.
        let first = unsafe (storage.start + head).move()
        unsafe (storage.start + head).initialize(to: element)
        head = RingBuffer.slot(head + 1, in: storage.capacity)
        return first
    }

    /// Takes the first element out; nil when there is none.
    ///
    /// - Complexity: O(1) amortised.
    @inlinable
    public mutating func popFirst() -> Element? {
        guard elementCount > 0 else { return nil }
        let element = unsafe (storage.start + head).move()
        head = RingBuffer.slot(head + 1, in: storage.capacity)
        elementCount -= 1
        if elementCount == 0 {
            resize(to: 0)
        } else if elementCount < storage.capacity / 4, storage.capacity > RingBuffer.smallestCapacity {
            resize(to: max(RingBuffer.smallestCapacity, storage.capacity / 2))
        }
        return element
    }

    /// Deinitialises every element and gives the memory back.
    @inlinable
    public mutating func removeAll() {
        while elementCount > 0 { _ = popFirst() }
    }

    /// The element `index` places behind the first.
    @inlinable
    public subscript(index: Int) -> Element {
        _read {
            precondition(index >= 0 && index < elementCount, "no such element")
            yield unsafe storage.start[RingBuffer.slot(head + index, in: storage.capacity)]
        }
        _modify {
            precondition(index >= 0 && index < elementCount, "no such element")
            // Swift 6.3 cannot compile `&storage.start[…]` for ThreadSanitizer.
            let slot = unsafe storage.start + RingBuffer.slot(head + index, in: storage.capacity)
            yield unsafe &slot.pointee
        }
    }

    /// Calls `body` with each element, first to last.
    @inlinable
    public func forEach(_ body: (borrowing Element) throws -> Void) rethrows {
        for index in 0..<elementCount { try body(self[index]) }
    }

    /// The slot at a distance of less than two capacities from slot 0.
    @inlinable
    static func slot(_ distance: Int, in capacity: Int) -> Int {
        distance < capacity ? distance : distance - capacity
    }

    /// Moves the elements into a block of `capacity` slots, the first into slot 0.
    @inlinable
    mutating func resize(to capacity: Int) {
        let replacement = storage.replacement(capacity: capacity)
        let untilWrap = min(elementCount, storage.capacity - head)
        if elementCount > 0 {
            unsafe replacement.start.moveInitialize(from: storage.start + head, count: untilWrap)
            unsafe (replacement.start + untilWrap).moveInitialize(
                from: storage.start,
                count: elementCount - untilWrap
            )
        }
        storage = replacement
        head = 0
    }
}
