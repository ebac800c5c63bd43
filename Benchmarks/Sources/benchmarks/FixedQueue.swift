import BoundedMemory

/// What ``RingBuffer`` is compared with: a queue whose 256 slots are there from birth to death.
struct FixedQueue<Element>: ~Copyable {
    static var slotCount: Int { 256 }

    private var storage: SlotStorage<Element>
    private var head = 0
    private var count = 0

    init(ledger: MemoryLedger) {
        storage = SlotStorage(capacity: Self.slotCount, owner: ledger, chargedTo: .rings)
    }

    deinit {
        for index in 0..<count { unsafe (storage.start + Self.slot(head + index)).deinitialize(count: 1) }
    }

    /// Puts `element` at the end; gives it back when the queue is full.
    mutating func push(_ element: consuming Element) -> Element? {
        guard count < Self.slotCount else { return element }
        unsafe (storage.start + Self.slot(head + count)).initialize(to: element)
        count += 1
        return nil
    }

    /// Takes the first element out; nil when there is none.
    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = unsafe (storage.start + head).move()
        head = Self.slot(head + 1)
        count -= 1
        return element
    }

    private static func slot(_ distance: Int) -> Int {
        distance < slotCount ? distance : distance - slotCount
    }
}
