import Datagrams

/// Datagrams that leave in the order they came, with the moment at which each leaves.
///
/// Owns: one slab of slots of ``slotBytes``, none while it was never used. Released by: `deinit`. Bound: twice the slots
/// that were ever in use at once, up to its limit. It never shrinks.
@safe
package struct DatagramRing: ~Copyable {
    /// The fields a datagram is stored with.
    package struct Label: BitwiseCopyable {
        /// When it leaves.
        package let departure: MonotonicInstant
        /// The client it belongs to.
        package let client: ClientID
        /// Its length in bytes, at most ``DatagramRing/datagramBytesLimit``.
        package let byteCount: Int32
        private let trafficClass: UInt8

        /// Its ECN mark.
        package var ecn: ECN { ECN(trafficClass: trafficClass) }

        /// The label of a datagram.
        package init(departure: MonotonicInstant, client: ClientID, byteCount: Int, ecn: ECN) {
            self.departure = departure
            self.client = client
            self.byteCount = Int32(byteCount)
            trafficClass = ecn.rawValue
        }
    }

    /// The largest datagram it takes: what an Ethernet path carries.
    package static let datagramBytesLimit = TransmitBatch.datagramBytesLimit
    /// The bytes a datagram takes, however short.
    package static let slotBytes = 1_536
    private static let labelBytes = slotBytes - datagramBytesLimit
    private static let initialSlots = 512

    /// The datagrams it holds.
    package private(set) var count = 0
    private let slotLimit: Int
    private var slab = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var slotCount = 0
    private var head = 0

    /// An empty ring for up to `slotLimit` datagrams.
    package init(slotLimit: Int) {
        precondition(slotLimit > 0)
        precondition(MemoryLayout<Label>.size <= Self.labelBytes, "the label fits in front of its datagram")
        self.slotLimit = slotLimit
    }

    deinit {
        unsafe slab.deallocate()
    }

    /// When the first datagram leaves; nil when there is none.
    package var nextDeparture: MonotonicInstant? { count == 0 ? nil : label(at: head).departure }

    /// Stores a copy of `datagram`, which leaves no earlier than those before it. False when the ring is full.
    package mutating func append(_ datagram: RawSpan, _ label: Label) -> Bool {
        precondition(datagram.byteCount == Int(label.byteCount) && datagram.byteCount <= Self.datagramBytesLimit)
        if count == slotCount, !grow() { return false }
        let tail = head + count < slotCount ? head + count : head + count - slotCount
        let slot = unsafe slot(at: tail)
        unsafe slot.storeBytes(of: label, as: Label.self)
        let payload = unsafe UnsafeMutableRawBufferPointer(rebasing: slot[Self.labelBytes...])
        unsafe datagram.withUnsafeBytes { unsafe payload.copyMemory(from: $0) }
        count += 1
        return true
    }

    /// Calls `body` with the first datagram, which must exist.
    package func withFirst<Result>(_ body: (RawSpan, Label) -> Result) -> Result {
        precondition(count > 0)
        let label = label(at: head)
        let start = Self.labelBytes
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: slot(at: head)[start..<start + Int(label.byteCount)])
        return body(unsafe bytes.bytes, label)
    }

    /// Removes the first datagram, which must exist.
    package mutating func removeFirst() {
        precondition(count > 0)
        count -= 1
        head += 1
        // An empty ring starts over, where its memory is still in the caches.
        if count == 0 || head == slotCount { head = 0 }
    }

    private func label(at index: Int) -> Label { unsafe slot(at: index).load(as: Label.self) }

    private func slot(at index: Int) -> UnsafeMutableRawBufferPointer {
        let start = index * Self.slotBytes
        return unsafe UnsafeMutableRawBufferPointer(rebasing: slab[start..<start + Self.slotBytes])
    }

    /// Makes room for twice as many datagrams, with the first one at the start.
    private mutating func grow() -> Bool {
        let grownCount = min(max(slotCount * 2, Self.initialSlots), slotLimit)
        guard grownCount > slotCount else { return false }
        let grown = UnsafeMutableRawBufferPointer.allocate(byteCount: grownCount * Self.slotBytes, alignment: 64)
        let (start, end) = (head * Self.slotBytes, slotCount * Self.slotBytes)
        unsafe grown.copyMemory(from: UnsafeRawBufferPointer(rebasing: slab[start..<end]))
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: grown[(end - start)...])
        unsafe rest.copyMemory(from: UnsafeRawBufferPointer(rebasing: slab[..<start]))
        unsafe slab.deallocate()
        unsafe slab = grown
        slotCount = grownCount
        head = 0
        return true
    }
}

/// A client of the relay. One that is gone names nobody, although another client has its place.
package struct ClientID: Hashable, Sendable, BitwiseCopyable {
    let place: UInt32
    let generation: UInt32

    /// The `generation`-th client at `place`.
    package init(place: UInt32, generation: UInt32) {
        self.place = place
        self.generation = generation
    }
}
