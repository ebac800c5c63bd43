import BoundedMemory

/// What ``ByteQueue`` is compared with: a ring as large as a stream's window, there from birth to death.
struct FixedByteRing: ~Copyable {
    static var capacityBytes: Int { 16 * 1_024 }

    private var storage: SlotStorage<UInt8>
    private var head = 0
    private(set) var count = 0

    init(ledger: MemoryLedger) {
        storage = SlotStorage(capacity: Self.capacityBytes, owner: ledger, chargedTo: .rings)
    }

    /// Appends a copy of `bytes`, in two pieces where the ring wraps; false when there is no room for it.
    mutating func take(_ bytes: RawSpan) -> Bool {
        guard count + bytes.byteCount <= Self.capacityBytes else { return false }
        let start = (head + count) % Self.capacityBytes
        let untilWrap = min(bytes.byteCount, Self.capacityBytes - start)
        unsafe bytes.withUnsafeBytes { source in
            guard let from = source.baseAddress else { return }
            let ring = unsafe UnsafeMutableRawPointer(storage.start)
            unsafe (ring + start).copyMemory(from: from, byteCount: untilWrap)
            unsafe ring.copyMemory(from: from + untilWrap, byteCount: source.count - untilWrap)
        }
        count += bytes.byteCount
        return true
    }

    /// Releases the first `released` bytes.
    mutating func release(_ released: Int) {
        precondition(released <= count)
        head = (head + released) % Self.capacityBytes
        count -= released
    }
}
