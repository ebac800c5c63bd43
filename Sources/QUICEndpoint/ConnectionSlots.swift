import BoundedMemory
public import QUICTransport

/// The places of the connections of one endpoint, each with at most one tenant at a time.
///
/// A handle names a place and its tenant: when the place changes hands, the old handle leads nowhere. Free places are
/// linked through each other, and so are those of connections that wait to transmit.
///
/// Owns: one block of 24 bytes a place. Released by: the end of the last tenant, or `deinit`. Bound: 16 places or 2 ×
/// the most tenants there were since it was last empty, whichever is more; half as much again while it grows.
@safe
struct ConnectionSlots: ~Copyable {
    struct Slot {
        var occupant = ConnectionSet.Occupant.none
        var generation: UInt32 = 0
        /// The next free slot, or the next slot waiting to transmit.
        var link = Slot.end
        var isQueued = false

        static let end = UInt32.max
    }

    private static let smallestCapacity = 16

    /// Slots in use or once in use, the only initialised ones.
    private(set) var count = 0
    /// Slots with a tenant.
    private(set) var occupiedCount = 0
    private var storage: SlotStorage<Slot>
    private var freeSlots = Slot.end
    private var firstToTransmit = Slot.end
    private var lastToTransmit = Slot.end
    private var lastGeneration: UInt32 = 0

    /// No places, which take no memory.
    init(ledger: MemoryLedger) {
        storage = SlotStorage(capacity: 0, owner: ledger, chargedTo: .table)
    }

    deinit {
        for index in 0..<count { unsafe (storage.start + index).deinitialize(count: 1) }
    }

    /// The bytes held from the allocator.
    var allocatedBytes: Int { storage.allocatedBytes }

    /// Whether a connection waits for its turn to transmit.
    var wantsToTransmit: Bool { firstToTransmit != Slot.end }

    /// Who is at a place now.
    subscript(index: Int) -> ConnectionSet.Occupant {
        precondition(index >= 0 && index < count, "no such slot")
        return unsafe storage.start[index].occupant
    }

    /// Who answers to `handle` now.
    func occupant(of handle: ConnectionHandle) -> ConnectionSet.Occupant {
        let index = Int(handle.index)
        guard index < count, unsafe storage.start[index].generation == handle.generation else { return .none }
        return unsafe storage.start[index].occupant
    }

    /// The connection that answers to `handle`; nil where none does, or what is left of one.
    ///
    /// No reference is counted for it: its place keeps it until it is settled anew or freed.
    func connection(_ handle: ConnectionHandle) -> Unmanaged<Connection>? {
        let index = Int(handle.index)
        guard index < count, unsafe storage.start[index].generation == handle.generation,
            case .live(let connection) = unsafe storage.start[index].occupant
        else { return nil }
        return unsafe .passUnretained(connection)
    }

    /// A place for a new tenant, who is not there yet.
    mutating func take() -> ConnectionHandle {
        if freeSlots == Slot.end { addSlot() }
        let index = freeSlots
        lastGeneration &+= 1
        freeSlots = self[slot: index].link
        self[slot: index].link = Slot.end
        self[slot: index].generation = lastGeneration
        occupiedCount += 1
        return ConnectionHandle(index: index, generation: lastGeneration)
    }

    /// Puts a tenant in, or another one in its place.
    mutating func settle(_ occupant: ConnectionSet.Occupant, at handle: ConnectionHandle) {
        self[slot: handle.index].occupant = occupant
    }

    /// Lets a place have another tenant.
    mutating func free(_ handle: ConnectionHandle) {
        self[slot: handle.index].occupant = .none
        occupiedCount -= 1
        // A slot that waits to transmit is linked into that queue, and is available when it has left it.
        if !self[slot: handle.index].isQueued { makeAvailable(handle.index) }
    }

    /// Puts a place at the end of the queue to transmit, unless it is in it.
    mutating func enqueue(_ index: UInt32) {
        if self[slot: index].isQueued { return }
        self[slot: index].isQueued = true
        if lastToTransmit == Slot.end {
            firstToTransmit = index
        } else {
            self[slot: lastToTransmit].link = index
        }
        lastToTransmit = index
    }

    /// Takes the longest waiting connection out of the queue, passing over places that have changed hands. No reference is counted for
    /// it: its place keeps it.
    mutating func dequeue() -> Unmanaged<Connection>? {
        while firstToTransmit != Slot.end {
            let index = firstToTransmit
            firstToTransmit = self[slot: index].link
            if firstToTransmit == Slot.end { lastToTransmit = Slot.end }
            self[slot: index].link = Slot.end
            self[slot: index].isQueued = false
            switch self[slot: index].occupant {
            case .live(let connection): return unsafe .passUnretained(connection)
            case .closing: continue
            case .none: makeAvailable(index)
            }
        }
        return nil
    }

    /// Lets go of all tenants without a word to any.
    mutating func removeAll() {
        for index in 0..<count { unsafe (storage.start + index).deinitialize(count: 1) }
        count = 0
        occupiedCount = 0
        freeSlots = Slot.end
        firstToTransmit = Slot.end
        lastToTransmit = Slot.end
        storage = storage.replacement(capacity: 0)
    }

    private mutating func makeAvailable(_ index: UInt32) {
        self[slot: index].link = freeSlots
        freeSlots = index
        if occupiedCount == 0, !wantsToTransmit { removeAll() }
    }

    /// Adds one slot, which is free.
    private mutating func addSlot() {
        if count == storage.capacity {
            let replacement = storage.replacement(capacity: max(Self.smallestCapacity, 2 * count))
            if count > 0 { unsafe replacement.start.moveInitialize(from: storage.start, count: count) }
            storage = replacement
        }
        unsafe (storage.start + count).initialize(to: Slot())
        freeSlots = UInt32(count)
        count += 1
    }

    private subscript(slot index: UInt32) -> Slot {
        _read {
            precondition(Int(index) < count, "no such slot")
            yield unsafe storage.start[Int(index)]
        }
        nonmutating _modify {
            precondition(Int(index) < count, "no such slot")
            // Swift 6.3 cannot compile `&storage.start[…]` for ThreadSanitizer.
            let slot = unsafe storage.start + Int(index)
            yield unsafe &slot.pointee
        }
    }
}

// For the negative control `forget-timer`.
extension ConnectionSlots {
    /// Whether the place of `handle` is the next to have a tenant.
    func isNextFree(_ handle: ConnectionHandle) -> Bool { freeSlots == handle.index }

    /// Lets nobody have that place any more.
    mutating func loseNextFree() { freeSlots = self[slot: freeSlots].link }
}

extension ConnectionSet {
    /// The occupant of a slot.
    public enum Occupant {
        /// Nobody.
        case none
        /// A connection that lives.
        case live(Connection)
        /// The record of one that has ended.
        case closing(ClosingConnection)
    }
}
