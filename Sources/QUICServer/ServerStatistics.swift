public import BoundedMemory
import DatagramIO
public import QUICEndpoint
public import QUICTransport
public import QUICWorkers

/// What a server did and holds, over all its workers.
///
/// Encodes as `GET /stats` of quic-echo-server shows it, where the encoder's keys are in snake case
/// (`JSONEncoder.KeyEncodingStrategy.convertToSnakeCase`).
public struct ServerStatistics: Sendable {
    /// Connections, tables, ledger and drops.
    public internal(set) var endpoint = EndpointStatistics()
    /// What the sockets received, sent and lost.
    public internal(set) var sockets = SocketTotals()
    /// The connections and the ledger of each worker.
    public internal(set) var workers: [WorkerStatistics] = []
    /// What workers handed to each other.
    public internal(set) var handOver = HandOverStatistics()
    /// Work that other threads left for workers.
    public internal(set) var work = WorkStatistics()
    /// What the event logs hold, which is no connection's.
    public internal(set) var eventLog = EventLogStatistics()
    /// The memory that connections may hold together, and how much of it is taken.
    public internal(set) var memory = MemoryBudgetStatistics()
    /// The memory of accepted early data, which is no connection's.
    public internal(set) var replayStore = ReplayStoreStatistics()
    /// How often free memory was returned to the system.
    public internal(set) var heapTrims = 0

    /// Whether the server drains: it admits no new connection, and ends when the others have.
    public var isDraining: Bool { endpoint.isDraining }

    /// Whether everything is back to zero.
    public var hasReturned: Bool { endpoint.hasReturned && handOver.waitingBytes == 0 && work.waitingBytes == 0 }

    static func += (sum: inout ServerStatistics, other: ServerStatistics) {
        sum.endpoint += other.endpoint
        sum.sockets += other.sockets
        sum.workers += other.workers
        sum.handOver += other.handOver
        sum.work += other.work
        sum.eventLog += other.eventLog
        sum.memory = max(sum.memory, other.memory)
        sum.heapTrims += other.heapTrims
    }
}

/// The bytes that the budget of a process has given out, at one moment.
public struct MemoryBudgetStatistics: Sendable, Hashable {
    /// The bytes that may be held; `.max` for any number.
    public internal(set) var bytesLimit = Int.max
    /// The floors of connections, what they borrowed, tables, and what workers have in reserve.
    public internal(set) var takenBytes = 0
    /// The most bytes taken at once.
    public internal(set) var peakTakenBytes = 0
    /// Bytes promised to peers as receive windows above the initial ones.
    public internal(set) var committedBytes = 0
    /// How close it is to the limit.
    public internal(set) var pressure = MemoryPressure.none

    init() {}

    init(_ budget: MemoryBudget) {
        bytesLimit = budget.bytesLimit
        takenBytes = budget.takenBytes
        peakTakenBytes = budget.peakTakenBytes
        committedBytes = budget.committedBytes
        pressure = budget.pressure
    }
}

/// Workers share one budget: of two readings the one with the higher peak is the later.
private func max(_ one: MemoryBudgetStatistics, _ other: MemoryBudgetStatistics) -> MemoryBudgetStatistics {
    other.bytesLimit != .max && other.peakTakenBytes >= one.peakTakenBytes ? other : one
}

/// What one worker holds.
public struct WorkerStatistics: Sendable {
    /// Connections handshaking or established.
    public internal(set) var liveConnections = 0
    /// Whether it had no time left in the last second.
    public internal(set) var isBusy = false
    /// What they hold, by class.
    public internal(set) var ledger: [MemoryClass: MemoryUsage] = [:]
    /// What they hold in all.
    public internal(set) var ledgerTotal = MemoryUsage()

    init(_ endpoint: EndpointStatistics, isBusy: Bool = false) {
        self.isBusy = isBusy
        liveConnections = endpoint.connections.live
        ledger = endpoint.ledger
        ledgerTotal = endpoint.ledgerTotal
    }
}

/// The sum of the statistics of several sockets.
public struct SocketTotals: Sendable, Hashable, Encodable {
    /// Calls to the kernel for datagrams that wait. Each of them takes at least one, as long as the server is not attacked.
    public internal(set) var receiveCalls: UInt64 = 0
    /// Calls to the kernel to send datagrams.
    public internal(set) var sendCalls: UInt64 = 0
    /// Datagrams the kernel dropped because a socket's queue was full.
    public internal(set) var receiveOverflows: UInt64 = 0
    /// Datagrams dropped because they were larger than a receive buffer.
    public internal(set) var truncated: UInt64 = 0
    /// Datagrams the network or the peer did not take.
    public internal(set) var sendErrors: UInt64 = 0
    /// Errors of the network that arrived in place of a datagram.
    public internal(set) var receiveErrors: UInt64 = 0

    init() {}

    init(_ statistics: SocketStatistics) {
        receiveCalls = statistics.receiveCalls
        sendCalls = statistics.sendCalls
        receiveOverflows = statistics.receiveOverflows
        truncated = statistics.truncated
        sendErrors = statistics.sendErrors
        receiveErrors = statistics.receiveErrors
    }

    static func += (sum: inout SocketTotals, other: SocketTotals) {
        sum.receiveCalls += other.receiveCalls
        sum.sendCalls += other.sendCalls
        sum.receiveOverflows += other.receiveOverflows
        sum.truncated += other.truncated
        sum.sendErrors += other.sendErrors
        sum.receiveErrors += other.receiveErrors
    }
}
