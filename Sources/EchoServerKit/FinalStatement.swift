internal import BoundedMemory
internal import QUICEndpoint
package import QUICServer

/// What a server says of itself when it has shut down.
package struct FinalStatement: Hashable, Sendable {
    /// One line that counts connections and what is still held for them.
    package let line: String
    /// What is not back to zero, with its number, by its name in `GET /stats`: `connection_ids 3`.
    package let unreturned: [String]

    /// Whether everything came back.
    package var hasReturned: Bool { unreturned.isEmpty }

    /// The statement about these last statistics.
    package init(_ statistics: ServerStatistics) {
        let endpoint = statistics.endpoint
        let connections = endpoint.connections
        let ledger = endpoint.ledgerTotal
        line = """
            closed: created \(connections.created), closed \(connections.closed), live \(connections.live), \
            connection IDs \(endpoint.connectionIDs), deadlines \(endpoint.deadlines), \
            ledger \(ledger.liveBytes) bytes in \(ledger.liveBlocks) blocks
            """
        unreturned = Self.mustReturn(statistics).filter { $0.value != 0 }.map { "\($0.name) \($0.value)" }
    }

    private static func mustReturn(_ statistics: ServerStatistics) -> [(name: String, value: Int)] {
        let endpoint = statistics.endpoint
        let connections = endpoint.connections
        let counts = [
            ("connections.live", connections.live),
            ("connections.closing", connections.closing),
            ("connections.draining", connections.draining),
            ("connections.created - connections.closed", connections.created - connections.closed),
            ("connection_ids", endpoint.connectionIDs),
            ("deadlines", endpoint.deadlines),
            ("sources", endpoint.sources),
            ("table_bytes", endpoint.tableBytes),
            ("hand_over.waiting_bytes", statistics.handOver.waitingBytes),
            ("work.waiting_bytes", statistics.work.waitingBytes),
        ]
        return counts + usage(endpoint.ledgerTotal, of: "total")
            + MemoryClass.allCases.flatMap { memoryClass in
                usage(endpoint.ledger[memoryClass] ?? MemoryUsage(), of: "classes.\(memoryClass.rawValue)")
            }
    }

    private static func usage(_ usage: MemoryUsage, of name: String) -> [(name: String, value: Int)] {
        [("ledger.\(name).live_bytes", usage.liveBytes), ("ledger.\(name).live_blocks", usage.liveBlocks)]
    }
}
