import Foundation
import QUICTransport

@testable import BoundedMemory
@testable import EchoServerKit
@testable import QUICEndpoint
@testable import QUICServer

/// A server in the middle of its work, no two numbers of a group alike: the example of docs/operating.md.
func busyServer() -> ServerStatistics {
    var statistics = ServerStatistics()
    statistics.endpoint.connections = busyConnections()
    statistics.endpoint.connectionIDs = 71
    statistics.endpoint.sources = 14
    statistics.endpoint.deadlines = 23
    statistics.endpoint.tableBytes = 65_536
    statistics.endpoint.ledger = [
        .transport: usage([400_000, 51_000], peakBytes: 90_000_000), .tls: MemoryUsage(),
        .rings: usage([8_192], peakBytes: 900_000), .closing: usage([300, 308, 316], peakBytes: 10_000),
    ]
    statistics.endpoint.ledgerTotal = usage([400_000, 51_000, 8_192, 300, 308, 316], peakBytes: 90_910_000)
    statistics.endpoint.received.datagrams = 40_010
    statistics.endpoint.received.bytes = 12_345_678
    statistics.endpoint.transmitted.datagrams = 38_020
    statistics.endpoint.transmitted.bytes = 10_987_654
    statistics.endpoint.datagramFrames.received = 700
    statistics.endpoint.datagramFrames.sent = 690
    statistics.endpoint.datagramFrames.dropped = 17
    statistics.endpoint.drops = [.unroutable: 12, .closing: 34]
    statistics.endpoint.admissions = ["accept": 5_000, "retry": 150]
    statistics.endpoint.retries = 149
    statistics.endpoint.addressTokens.retried = 140
    statistics.endpoint.addressTokens.known = 60
    statistics.endpoint.addressTokens.spent = 5
    statistics.endpoint.earlyData.offered = 90
    statistics.endpoint.earlyData.accepted = 81
    statistics.endpoint.earlyData.rejected = 9
    statistics.endpoint.earlyData.heldBack = 18
    statistics.replayStore.replayed = 4
    statistics.replayStore.refusedFull = 3
    statistics.replayStore.refusedClock = 1
    statistics.replayStore.entries = 77
    statistics.replayStore.bytes = 524_288
    statistics.endpoint.handshakes.waiting = 2
    statistics.endpoint.handshakes.waited = 210
    statistics.endpoint.versionNegotiations = 2
    statistics.endpoint.statelessResets = 3
    statistics.endpoint.ecnMarks = [39_000, 10, 999, 1]
    statistics.sockets.receiveCalls = 31_000
    statistics.sockets.sendCalls = 30_500
    statistics.sockets.receiveOverflows = 6
    statistics.sockets.truncated = 7
    statistics.sockets.sendErrors = 8
    statistics.sockets.receiveErrors = 9
    statistics.endpoint.retainedBytes = 81_000
    statistics.workers = [WorkerStatistics(statistics.endpoint)]
    statistics.handOver.handed = 46
    statistics.handOver.received = 44
    statistics.handOver.overflowed = 5
    statistics.handOver.waitingBytes = 3_504
    statistics.work.posted = 312
    statistics.work.performed = 309
    statistics.work.dropped = 1
    statistics.work.refused = 6
    statistics.work.waitingBytes = 616
    statistics.eventLog.events = 256
    statistics.eventLog.dropped = 14_750
    statistics.eventLog.bytes = 18_440
    statistics.memory.bytesLimit = 2 << 30
    statistics.memory.takenBytes = 917_504
    statistics.memory.peakTakenBytes = 91_000_000
    statistics.memory.committedBytes = 2_000_000
    statistics.heapTrims = 4
    return statistics
}

private func busyConnections() -> ConnectionCounts {
    var connections = ConnectionCounts()
    connections.created = 5_000
    connections.closed = 4_980
    connections.handshaking = 5
    connections.established = 15
    connections.closing = 1
    connections.draining = 2
    connections.handshakesCompleted = 4_900
    connections.closedByCause = ["peer_close": 4_850, "idle_timeout": 90, "handshake_timeout": 40]
    return connections
}

/// Blocks of these sizes.
func usage(_ blocks: [Int], peakBytes: Int = 0) -> MemoryUsage {
    var usage = MemoryUsage()
    for bytes in blocks { usage.charge(bytes) }
    usage.peakBytes = max(usage.peakBytes, peakBytes)
    return usage
}

/// The process of ``busyServer()``.
let busyProcess = ProcessReading(
    memory: ProcessMemory(residentBytes: 52_428_800, heapInUseBytes: 41_000_000),
    cpuTime: .milliseconds(3_250),
    uptime: .milliseconds(12_500)
)

/// The packet logs of ``busyServer()``.
let busyQlog = QlogDirectory.Counts(
    files: 1_000,
    bytes: 310_000_000,
    connectionsWithoutLog: 4_000,
    cutLogs: 2,
    failedLogs: 1,
    droppedRecords: 5_400
)

/// The limits of ``busyServer()``: the defaults on a machine with 8 GiB, a lifetime of an hour, and limits for each source.
var busyLimits: StatisticsDocument.Limits {
    get throws {
        var configuration = ServerConfiguration()
        configuration.transport.lifetime = .seconds(3_600)
        configuration.admission.connectionsPerSource = 200
        configuration.admission.handshakesPerSource = 40
        let available = AvailableMemory(bytes: 8 << 30, source: .machine)
        return StatisticsDocument.Limits(configuration, try MemoryPlan(configuration, available: available))
    }
}

/// Writes statistics as `GET /stats` does.
var statisticsEncoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return encoder
}

/// The text of docs/operating.md.
func operatingGuide() throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: "docs/operating.md"), encoding: .utf8)
}

/// The part of docs/operating.md about `GET /stats`.
func statisticsSection() throws -> Substring {
    let guide = try operatingGuide()
    guard let end = guide.range(of: "\n## Connections\n") else { return guide[...] }
    return guide[..<end.lowerBound]
}
