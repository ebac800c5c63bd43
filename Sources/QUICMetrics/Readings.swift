#if Metrics
import BoundedMemory
import Metrics
import QUICEndpoint
import QUICServer
import QUICTransport

/// Makes the metrics of one server.
struct MetricMaker {
    let dimensions: [(String, String)]
    let factory: any MetricsFactory

    func meter(_ label: String, _ name: String, _ value: String) -> Meter {
        Meter(label: label, dimensions: dimensions + [(name, value)], factory: factory)
    }

    func meter(_ label: String) -> Meter { Meter(label: label, dimensions: dimensions, factory: factory) }

    func counter(_ label: String, _ name: String, _ value: String) -> Counter {
        Counter(label: label, dimensions: dimensions + [(name, value)], factory: factory)
    }

    func counter(_ label: String) -> Counter { Counter(label: label, dimensions: dimensions, factory: factory) }
}

/// The amounts that a server holds, each a meter.
struct Levels: Sendable {
    typealias Value = @Sendable (ServerStatistics) -> Int

    private(set) var readings: [(meter: Meter, value: Value)] = []

    init(_ maker: MetricMaker) {
        func add(_ meter: Meter, _ value: @escaping Value) { readings.append((meter, value)) }
        func connections(_ state: String, _ value: @escaping @Sendable (ConnectionCounts) -> Int) {
            add(maker.meter("quic_connections", "state", state)) { value($0.endpoint.connections) }
        }
        connections("handshaking", \.handshaking)
        connections("established", \.established)
        connections("closing", \.closing)
        connections("draining", \.draining)
        add(maker.meter("quic_connection_ids")) { $0.endpoint.connectionIDs }
        add(maker.meter("quic_sources")) { $0.endpoint.sources }
        add(maker.meter("quic_waiting_handshakes")) { $0.endpoint.handshakes.waiting }
        for held in MemoryClass.allCases {
            add(maker.meter("quic_ledger_bytes", "class", held.rawValue)) { $0.endpoint.ledger[held]?.liveBytes ?? 0 }
        }
        add(maker.meter("quic_ledger_blocks")) { $0.endpoint.ledgerTotal.liveBlocks }
        add(maker.meter("quic_memory_limit_bytes")) { $0.memory.bytesLimit }
        add(maker.meter("quic_memory_taken_bytes")) { $0.memory.takenBytes }
        add(maker.meter("quic_memory_committed_bytes")) { $0.memory.committedBytes }
        // 0 for none, up to 3 for shedding.
        add(maker.meter("quic_memory_pressure")) { $0.memory.pressure.rawValue }
        add(maker.meter("quic_waiting_bytes", "inbox", "datagrams")) { $0.handOver.waitingBytes }
        add(maker.meter("quic_replay_store_bytes")) { $0.replayStore.bytes }
        add(maker.meter("quic_waiting_bytes", "inbox", "work")) { $0.work.waitingBytes }
        add(maker.meter("quic_busy_workers")) { statistics in statistics.workers.count(where: \.isBusy) }
    }
}

/// The events at a server since its start, each a counter.
struct Totals: Sendable {
    typealias Value = @Sendable (ServerStatistics) -> Int

    private(set) var readings: [(counter: Counter, value: Value)] = []

    init(_ maker: MetricMaker) {
        addConnections(maker)
        addPackets(maker)
    }

    private mutating func add(_ counter: Counter, _ value: @escaping Value) { readings.append((counter, value)) }

    private mutating func addConnections(_ maker: MetricMaker) {
        add(maker.counter("quic_connections_created")) { $0.endpoint.connections.created }
        add(maker.counter("quic_handshakes_completed")) { $0.endpoint.connections.handshakesCompleted }
        add(maker.counter("quic_handshakes_waited")) { $0.endpoint.handshakes.waited }
        for cause in CloseCause.labels {
            add(maker.counter("quic_connections_closed", "cause", cause)) {
                $0.endpoint.connections.closedByCause[cause] ?? 0
            }
        }
        for cap in MemoryCap.allCases {
            add(maker.counter("quic_budget_exceeded", "limit", cap.rawValue)) {
                $0.endpoint.connections.budgetExceeded[cap] ?? 0
            }
        }
        for decision in AdmissionDecision.labels {
            add(maker.counter("quic_admissions", "decision", decision)) { $0.endpoint.admissions[decision] ?? 0 }
        }
    }

    private mutating func addPackets(_ maker: MetricMaker) {
        add(maker.counter("quic_datagrams", "direction", "received")) { $0.endpoint.received.datagrams }
        add(maker.counter("quic_datagrams", "direction", "transmitted")) { $0.endpoint.transmitted.datagrams }
        add(maker.counter("quic_bytes", "direction", "received")) { $0.endpoint.received.bytes }
        add(maker.counter("quic_bytes", "direction", "transmitted")) { $0.endpoint.transmitted.bytes }
        add(maker.counter("quic_datagram_frames", "event", "received")) { $0.endpoint.datagramFrames.received }
        add(maker.counter("quic_datagram_frames", "event", "sent")) { $0.endpoint.datagramFrames.sent }
        add(maker.counter("quic_datagram_frames", "event", "dropped")) { $0.endpoint.datagramFrames.dropped }
        for reason in DropReason.allCases {
            add(maker.counter("quic_datagrams_dropped", "reason", reason.rawValue)) { $0.endpoint.drops[reason] ?? 0 }
        }
        add(maker.counter("quic_socket_losses", "kind", "receive_overflow")) { Int($0.sockets.receiveOverflows) }
        add(maker.counter("quic_socket_losses", "kind", "truncated")) { Int($0.sockets.truncated) }
        add(maker.counter("quic_socket_losses", "kind", "send_error")) { Int($0.sockets.sendErrors) }
        add(maker.counter("quic_socket_losses", "kind", "receive_error")) { Int($0.sockets.receiveErrors) }
        add(maker.counter("quic_retries")) { $0.endpoint.retries }
        add(maker.counter("quic_early_data", "outcome", "accepted")) { $0.endpoint.earlyData.accepted }
        add(maker.counter("quic_early_data", "outcome", "rejected")) { $0.endpoint.earlyData.rejected }
        add(maker.counter("quic_early_data_replays")) { $0.replayStore.replayed }
        add(maker.counter("quic_early_data_refused_full")) { $0.replayStore.refusedFull }
        add(maker.counter("quic_stateless_resets")) { $0.endpoint.statelessResets }
        add(maker.counter("quic_version_negotiations")) { $0.endpoint.versionNegotiations }
        add(maker.counter("quic_hand_over_overflows")) { $0.handOver.overflowed }
        add(maker.counter("quic_work_refused")) { $0.work.refused }
        add(maker.counter("quic_heap_trims")) { $0.heapTrims }
    }
}
#endif
