import BoundedMemory
import QUICTransport

/// Which closing and draining records an endpoint keeps: the order they were made in, and what they take together.
///
/// The records themselves take the places of their connections, in ``ConnectionSlots``. One whose time runs out before that of an older
/// one leaves its handle here, which then leads nowhere.
///
/// Owns: one block of 8 bytes a handle. Released by: the end of the last record, or `deinit`. Bound: ``limit`` handles.
struct ClosingRecords: ~Copyable {
    /// How many are kept.
    let limit: Int
    /// How many bytes they may take together.
    let bytesLimit: Int
    private var order: RingBuffer<ConnectionHandle>
    private var count = 0
    private var bytes = 0

    /// No records, which take no memory.
    init(limit: Int, bytesLimit: Int, ledger: MemoryLedger) {
        self.limit = limit
        self.bytesLimit = bytesLimit
        order = RingBuffer(capacityLimit: max(1, limit), owner: ledger, chargedTo: .table)
    }

    /// The bytes held from the allocator, without the records.
    var allocatedBytes: Int { order.allocatedBytes }

    /// Whether `record` displaces none of the others.
    func hasRoom(for record: ClosingConnection) -> Bool {
        order.count < limit && bytes + record.bytes <= bytesLimit
    }

    /// Adds one for which there is room.
    mutating func add(_ record: ClosingConnection) {
        order.push(record.handle)
        count += 1
        bytes += record.bytes
    }

    /// Takes note that one is gone.
    mutating func remove(_ record: ClosingConnection) {
        precondition(count > 0, "a closing record was removed twice")
        count -= 1
        bytes -= record.bytes
        // The records that ran out before it are still named in the order.
        if count == 0 { order.removeAll() }
    }

    /// Takes the oldest out of the order, whose record is next to be removed, or gone already; nil when there is none.
    mutating func popOldest() -> ConnectionHandle? { order.popFirst() }
}

// MARK: - Defaults

extension ConnectionSet {
    /// How many closing and draining records are kept by default, about 350 bytes each.
    public static let closingLimitDefault = 16_384
    /// How many bytes closing and draining records may take together by default.
    public static let closingBytesLimitDefault = 8 << 20
    /// The longest that a closing or draining record is kept, however late the peer's acknowledgements were.
    ///
    /// RFC 9000 §10.2 asks for three PTOs, and a peer decides how long its PTO is.
    public static let closingPeriodLimit = Duration.seconds(30)
}
