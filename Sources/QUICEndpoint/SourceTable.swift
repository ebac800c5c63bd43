import BoundedMemory
import Datagrams

/// How many connections each source of clients has, and how many of them are still in their handshakes.
///
/// There is an entry only for a source that has a connection. No entry ever makes room for another: a flood from many
/// sources must not make the server forget what one of them holds.
///
/// Owns: one block of 16 bytes a slot. Released by: the end of the last connection, or `deinit`. Bound: ``limit`` entries, in
/// 2 MiB for the default of 65,536.
struct SourceTable: ~Copyable {
    struct Slot: ProbedSlot {
        var key: SourcePrefix
        var counts: SourceCounts

        static let empty = Slot(key: .none, counts: SourceCounts())

        var isEmpty: Bool { counts.live == 0 }
    }

    /// The most sources there may be entries for.
    let limit: Int
    private var table: ProbedTable<Slot>

    /// An empty table, which holds no memory.
    init(limit: Int, seed: UInt64 = .random(in: .min ... .max), ledger: MemoryLedger?) {
        self.limit = limit
        table = ProbedTable(seed: seed, ledger: ledger)
    }

    /// Sources that have a connection.
    var count: Int { table.count }

    /// The bytes held from the allocator.
    var allocatedBytes: Int { table.allocatedBytes }

    /// What `source` has now.
    func counts(of source: SourcePrefix) -> SourceCounts {
        table[source]?.counts ?? SourceCounts()
    }

    /// Whether a connection of `source` would be counted.
    func hasRoom(for source: SourcePrefix) -> Bool {
        table.count < limit || table.position(of: source) != nil
    }

    /// Counts a connection that begins its handshake; false when there is no room for its source.
    mutating func begin(_ source: SourcePrefix) -> Bool {
        if let position = table.position(of: source) {
            table.update(at: position) {
                $0.counts.live += 1
                $0.counts.handshaking += 1
            }
            return true
        }
        guard table.count < limit else { return false }
        table.add(Slot(key: source, counts: SourceCounts(live: 1, handshaking: 1)))
        return true
    }

    /// A connection that was counted has completed its handshake.
    func establish(_ source: SourcePrefix) {
        guard let position = table.position(of: source) else { preconditionFailure("a source lost its connection") }
        table.update(at: position) { $0.counts.handshaking -= 1 }
    }

    /// A connection that was counted has ended.
    mutating func end(_ source: SourcePrefix, wasHandshaking: Bool) {
        guard let position = table.position(of: source) else { preconditionFailure("a source lost its connection") }
        table.update(at: position) {
            if wasHandshaking { $0.counts.handshaking -= 1 }
            $0.counts.live -= 1
        }
        if table[at: position].isEmpty { table.remove(at: position) }
    }
}

/// What one source of clients has at a server.
struct SourceCounts: Hashable {
    /// Connections handshaking or established.
    var live: UInt32 = 0
    /// Connections whose handshake is under way.
    var handshaking: UInt32 = 0
}
