import BoundedMemory
import QUICTransport

/// Finds the connection a packet belongs to by its destination connection ID. RFC 9000 §5.2.
///
/// A client chooses the first connection IDs it sends to, so the hash is keyed with a secret seed.
///
/// Owns: one block of 32 bytes a slot; with 3/8 to 3/4 of the slots in use while it grows, 43 to 85 bytes an entry.
/// Released by: retiring the last ID, or `deinit`. Bound: 16 slots or 8 × ``count``, whichever is more; half as much again
/// while it grows or shrinks.
public struct ConnectionIDMap: ~Copyable {
    struct Slot: ProbedSlot {
        var key: ConnectionID
        var owner: ConnectionHandle

        static let empty = Slot(key: ConnectionID(), owner: .none)

        var isEmpty: Bool { owner.index == ConnectionHandle.none.index }
    }

    /// How often a connection tried to retire an ID that belongs to another one.
    public private(set) var foreignRetirementCount = 0
    private var table: ProbedTable<Slot>

    /// An empty map, which holds no memory.
    ///
    /// - Parameters:
    ///   - seed: The secret key of the hash; random unless a test needs it repeated.
    ///   - ledger: Where its block is charged, as ``BoundedMemory/MemoryClass/table``.
    public init(seed: UInt64 = .random(in: .min ... .max), ledger: MemoryLedger? = nil) {
        table = ProbedTable(seed: seed, ledger: ledger)
    }

    /// The number of connection IDs.
    public var count: Int { table.count }

    /// The number of slots: 0, or a power of two from 16.
    public var capacity: Int { table.capacity }

    /// The bytes held from the allocator.
    public var allocatedBytes: Int { table.allocatedBytes }

    /// Routes packets with this connection ID to `owner`.
    ///
    /// - Returns: Whether it does; false, and nothing changes, when the ID is routed already, be it to the same owner.
    /// - Complexity: O(1) expected, amortised over growth at a load of 3/4.
    public mutating func insert(_ id: ConnectionID, for owner: ConnectionHandle) -> Bool {
        guard table.position(of: id) == nil else { return false }
        table.add(Slot(key: id, owner: owner))
        return true
    }

    /// The connection that packets with this connection ID belong to.
    ///
    /// - Complexity: O(1) expected.
    public func route(to id: ConnectionID) -> ConnectionHandle? {
        table[id]?.owner
    }

    /// Stops routing this connection ID to `owner`. RFC 9000 §5.1.2.
    ///
    /// Only its owner may retire an ID, so that no connection can make another one unreachable; an attempt to is counted.
    ///
    /// - Returns: Whether the ID was routed to `owner`.
    /// - Complexity: O(1) expected, amortised over shrinking below a load of 1/8.
    @discardableResult
    public mutating func retire(_ id: ConnectionID, from owner: ConnectionHandle) -> Bool {
        guard let position = table.position(of: id) else { return false }
        guard table[at: position].owner == owner else {
            foreignRetirementCount += 1
            return false
        }
        table.remove(at: position)
        return true
    }

    /// Calls `body` with every connection ID and its owner, in no particular order.
    public func forEach(_ body: (ConnectionID, ConnectionHandle) throws -> Void) rethrows {
        for position in 0..<capacity where !table[at: position].isEmpty {
            try body(table[at: position].key, table[at: position].owner)
        }
    }

    /// The most slots looked at to find any one of the IDs.
    var longestProbeCount: Int { table.longestProbeCount }
}
