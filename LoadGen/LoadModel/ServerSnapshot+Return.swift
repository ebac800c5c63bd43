extension ServerSnapshot {
    /// What is not back to zero, by its name in the JSON, with its value: `connection_ids 3`.
    ///
    /// Live connections, closing and draining records, connection IDs, deadlines, the bytes of their tables, handshakes
    /// in flight, and the ledger's bytes and blocks all have to be zero when no peer is there.
    public var unreturned: [String] {
        mustReturn.filter { $0.value != 0 }.map { "\($0.name) \($0.value)" }
    }

    /// Whether everything that connections held has come back.
    public var hasReturned: Bool { unreturned.isEmpty }

    private var mustReturn: [(name: String, value: Int)] {
        let named = [
            ("connections.live", connections.live),
            ("connections.closing", connections.closing),
            ("connections.draining", connections.draining),
            ("connection_ids", connectionIDs),
            ("deadlines", deadlines),
            ("table_bytes", tableBytes),
            ("handshakes_in_flight", handshakesInFlight),
            ("ledger.total.live_bytes", ledger.total.liveBytes),
            ("ledger.total.live_blocks", ledger.total.liveBlocks),
        ]
        let classes = LedgerSnapshot.Classes.all.flatMap { name, usage in
            [
                ("ledger.classes.\(name).live_bytes", ledger.classes[keyPath: usage].liveBytes),
                ("ledger.classes.\(name).live_blocks", ledger.classes[keyPath: usage].liveBlocks),
            ]
        }
        return named + classes
    }
}
