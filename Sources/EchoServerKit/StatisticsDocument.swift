internal import QUICEndpoint
package import QUICServer

/// What `GET /stats` answers: everything a server counts, under the names that docs/operating.md promises.
package struct StatisticsDocument: Hashable, Sendable, Codable {
    /// Connections by state.
    package var connections: Connections
    /// Ended connections by ``CloseCause/label``.
    package var closedByCause: [String: Int]
    /// Connections that asked for more memory than they may hold, by ``MemoryCap``.
    package var budgetExceeded: [String: Int]
    /// Connection IDs that lead somewhere.
    package var connectionIDs: Int
    /// Sources of connections that are counted.
    package var sources: Int
    /// Deadlines waiting.
    package var deadlines: Int
    /// Handshakes begun and not yet done.
    package var handshakesInFlight: Int
    /// Records of closing and draining connections.
    package var closingRecords: Int
    /// What connections hold.
    package var ledger: Ledger
    /// The memory that connections may hold together, and how much of it is given out.
    package var memory: Memory
    /// Bytes of the tables of IDs, deadlines and slots.
    package var tableBytes: Int
    /// What was received and sent.
    package var datagrams: Datagrams
    /// DATAGRAM frames.
    package var datagramFrames: DatagramFrames
    /// Datagrams dropped, by ``DropReason``.
    package var drops: [String: Int]
    /// What became of first packets, by ``AdmissionDecision/label``.
    package var admissions: [String: Int]
    /// Retry packets sent.
    package var retries: Int
    /// What tokens of first packets were good for.
    package var addressTokens: AddressTokens
    /// Version Negotiation packets sent.
    package var versionNegotiations: Int
    /// Stateless resets sent.
    package var statelessResets: Int
    /// Received datagrams by ECN mark.
    package var ecn: ECNMarks
    /// What the sockets lost.
    package var sockets: Sockets
    /// What workers handed to each other.
    package var handOver: HandOver
    /// Work that other threads left for workers.
    package var work: Work
    /// What the event logs hold.
    package var eventLog: EventLog
    /// How often free memory was returned to the system.
    package var heapTrims: Int
    /// What connections may hold, and for how long.
    package var limits: Limits
    /// Each worker's part of the ledger.
    package var workers: [Worker]
    /// The whole process.
    package var process: ProcessReading

    private enum CodingKeys: String, CodingKey {
        case connections
        case closedByCause = "closed_by_cause"
        case budgetExceeded = "budget_exceeded"
        case connectionIDs = "connection_ids"
        case sources
        case deadlines
        case handshakesInFlight = "handshakes_in_flight"
        case closingRecords = "closing_records"
        case ledger
        case memory
        case tableBytes = "table_bytes"
        case datagrams
        case datagramFrames = "datagram_frames"
        case drops
        case admissions
        case retries
        case addressTokens = "address_tokens"
        case versionNegotiations = "version_negotiations"
        case statelessResets = "stateless_resets"
        case ecn
        case sockets
        case handOver = "hand_over"
        case work
        case eventLog = "event_log"
        case heapTrims = "heap_trims"
        case limits
        case workers
        case process
    }
}

extension StatisticsDocument {
    /// What `statistics`, `limits` and `process` say.
    package init(_ statistics: ServerStatistics, limits: Limits, process: ProcessReading) {
        let endpoint = statistics.endpoint
        connections = Connections(endpoint.connections)
        closedByCause = endpoint.connections.closedByCause.filled(with: CloseCause.labels)
        budgetExceeded = Self.named(endpoint.connections.budgetExceeded)
        connectionIDs = endpoint.connectionIDs
        sources = endpoint.sources
        deadlines = endpoint.deadlines
        handshakesInFlight = endpoint.connections.handshaking
        closingRecords = endpoint.connections.closing + endpoint.connections.draining
        ledger = Ledger(endpoint)
        memory = Memory(statistics.memory)
        tableBytes = endpoint.tableBytes
        datagrams = Datagrams(received: endpoint.received, sent: endpoint.transmitted)
        datagramFrames = DatagramFrames(endpoint.datagramFrames)
        drops = Self.named(endpoint.drops)
        admissions = endpoint.admissions.filled(with: AdmissionDecision.labels)
        retries = endpoint.retries
        addressTokens = AddressTokens(endpoint.addressTokens)
        versionNegotiations = endpoint.versionNegotiations
        statelessResets = endpoint.statelessResets
        ecn = ECNMarks(endpoint.ecnMarks)
        sockets = Sockets(statistics.sockets)
        handOver = HandOver(statistics.handOver)
        work = Work(statistics.work)
        eventLog = EventLog(statistics.eventLog)
        heapTrims = statistics.heapTrims
        self.limits = limits
        workers = statistics.workers.map { Worker($0) }
        self.process = process
    }

    /// The counts under the names of their keys, with 0 for each key that has none.
    private static func named<Key>(_ counts: [Key: Int]) -> [String: Int]
    where Key: CaseIterable & RawRepresentable<String> {
        Dictionary(uniqueKeysWithValues: Key.allCases.map { ($0.rawValue, counts[$0] ?? 0) })
    }
}

extension [String: Int] {
    /// These counts, and 0 for each of `labels` that has none.
    fileprivate func filled(with labels: [String]) -> Self {
        labels.reduce(into: self) { counts, label in counts[label, default: 0] += 0 }
    }
}
