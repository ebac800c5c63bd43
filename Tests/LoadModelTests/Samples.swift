import Foundation

@testable import LoadModel

/// What a server's `GET /stats` answers, with fields the report does not know.
let statsJSON = """
    {
      "version": "0.1.0",
      "connections": {
        "created": 5000, "closed": 4990, "live": 10, "handshaking": 1, "established": 4, "closing": 2, "draining": 3,
        "refused": 7
      },
      "closed_by_cause": {"peer_close": 4900, "idle_timeout": 90},
      "connection_ids": 31,
      "deadlines": 9,
      "table_bytes": 4096,
      "handshakes_in_flight": 1,
      "ledger": {
        "total": {"live_bytes": 120000, "live_blocks": 240, "peak_bytes": 99000000},
        "classes": {
          "transport": {"live_bytes": 100000, "live_blocks": 200, "peak_bytes": 90000000},
          "tls": {"live_bytes": 10000, "live_blocks": 20, "peak_bytes": 8000000},
          "rings": {"live_bytes": 8192, "live_blocks": 2, "peak_bytes": 900000},
          "table": {"live_bytes": 1500, "live_blocks": 15, "peak_bytes": 90000},
          "closing": {"live_bytes": 308, "live_blocks": 3, "peak_bytes": 10000},
          "future": {"live_bytes": 1, "live_blocks": 1, "peak_bytes": 1}
        }
      },
      "process": {"resident_bytes": 52428800, "heap_in_use_bytes": 41000000, "uptime_seconds": 12.5, "threads": 3},
      "workers": [{"index": 0}]
    }
    """

/// A server with no connection, and this much resident memory.
func idleServer(residentBytes: Int = 20 << 20) -> ServerSnapshot {
    let none = LedgerSnapshot.Usage.none
    return ServerSnapshot(
        connections: .init(
            created: 5,
            closed: 5,
            live: 0,
            handshaking: 0,
            established: 0,
            closing: 0,
            draining: 0
        ),
        closedByCause: ["peer_close": 5],
        connectionIDs: 0,
        deadlines: 0,
        tableBytes: 0,
        handshakesInFlight: 0,
        ledger: LedgerSnapshot(
            total: none,
            classes: .init(transport: none, tls: none, rings: none, table: none, closing: none)
        ),
        process: .init(residentBytes: residentBytes, heapInUseBytes: 0, uptimeSeconds: 1)
    )
}

/// A server that answers with ``statsJSON``.
func busyServer() throws -> ServerSnapshot {
    try JSONDecoder().decode(ServerSnapshot.self, from: Data(statsJSON.utf8))
}

extension LedgerSnapshot.Usage {
    static let none = LedgerSnapshot.Usage(liveBytes: 0, liveBlocks: 0, peakBytes: 0)
}

/// A run of `connections` in which every connection did all that `mode` asks for.
func perfectResult(of connections: Int, mode: LoadMode = .echo) -> LoadResult {
    var outcomes = OutcomeCounts()
    outcomes.scheduled = connections
    outcomes.answered = connections
    outcomes.established = connections
    outcomes.used = mode.sendsMessage ? connections : 0
    outcomes.echoed = mode.sendsMessage ? connections : 0
    outcomes.closed = mode.closesPolitely ? connections : 0
    outcomes.abandoned = mode.closesPolitely ? 0 : connections
    outcomes.record(.completed, count: connections)
    var latency = LatencyRecorder()
    for index in 1...connections { latency.record(.microseconds(index * 1_000)) }
    var result = LoadResult(
        outcomes: outcomes,
        handshake: latency,
        echo: mode.sendsMessage ? latency : LatencyRecorder(),
        elapsed: .milliseconds(5_250),
        generator: GeneratorUsage(
            cpuSeconds: 1.25,
            peakResidentBytes: 80 << 20,
            heldBytes: 0,
            liveConnections: 0
        )
    )
    result.traffic.messages = outcomes.used
    return result
}

/// A scenario of `connections`, the rest as usual.
func scenario(_ connections: Int, mode: LoadMode = .echo) throws -> LoadScenario {
    try LoadScenario(validatingConnections: connections, ratePerSecond: 1_000, mode: mode, sockets: 16, seed: 42)
}
