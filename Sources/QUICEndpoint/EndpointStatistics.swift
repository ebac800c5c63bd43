public import BoundedMemory
public import QUICTransport

/// What an endpoint did and holds, at one moment.
public struct EndpointStatistics: Sendable {
    /// Created, live and ended connections.
    public internal(set) var connections = ConnectionCounts()
    /// Connection IDs that lead somewhere.
    public internal(set) var connectionIDs = 0
    /// Sources of connections that are counted, because there is a limit for each.
    public internal(set) var sources = 0
    /// Deadlines waiting.
    public internal(set) var deadlines = 0
    /// Bytes of the tables of IDs, deadlines and slots, part of ``ledger``; none when nothing is in them.
    public internal(set) var tableBytes = 0
    /// What connections hold, by class.
    public internal(set) var ledger: [MemoryClass: MemoryUsage] = [:]
    /// What they hold in all.
    public internal(set) var ledgerTotal = MemoryUsage()
    /// Bytes of the transport that pools keep from closed streams; part of ``ledger``.
    public internal(set) var retainedBytes = 0
    /// Bytes taken of the memory limit: the floors of connections, what they borrowed above them, and tables.
    public internal(set) var usedBytes = 0
    /// Bytes promised to peers as receive windows above the initial ones.
    public internal(set) var committedBytes = 0
    /// What became of first packets, by ``AdmissionDecision/label``.
    public internal(set) var admissions: [String: Int] = [:]
    /// Datagrams dropped, by reason.
    public internal(set) var drops: [DropReason: Int] = [:]
    /// Datagrams received, and their bytes.
    public internal(set) var received = Traffic()
    /// Datagrams handed out to be sent, and their bytes.
    public internal(set) var transmitted = Traffic()
    /// DATAGRAM frames received, sent and dropped. RFC 9221.
    public internal(set) var datagramFrames = DatagramFrameCounts()
    /// Connections with early data, by outcome. RFC 9001 §4.6.
    public internal(set) var earlyData = EarlyDataCounts()
    /// Received datagrams with each ECN mark, by its two bits.
    public internal(set) var ecnMarks = [0, 0, 0, 0]
    /// What tokens of first packets were good for.
    public internal(set) var addressTokens = AddressTokenCounts()
    /// Handshakes that wait for their turn.
    public internal(set) var handshakes = HandshakeQueueCounts()
    /// Version Negotiation packets sent.
    public internal(set) var versionNegotiations = 0
    /// Retry packets sent.
    public internal(set) var retries = 0
    /// Stateless resets sent.
    public internal(set) var statelessResets = 0
    /// Whether it drains: no new connection is admitted.
    public internal(set) var isDraining = false

    /// Datagrams and their bytes.
    public struct Traffic: Sendable, Hashable {
        /// How many datagrams.
        public internal(set) var datagrams = 0
        /// How many bytes of UDP payload.
        public internal(set) var bytes = 0

        mutating func count(_ byteCount: Int) {
            datagrams += 1
            bytes += byteCount
        }

        static func += (sum: inout Traffic, other: Traffic) {
            sum.datagrams += other.datagrams
            sum.bytes += other.bytes
        }
    }

    /// Handshakes for which a turn had no time left: ``AdmissionLimits/handshakeStepsPerTurn``.
    public struct HandshakeQueueCounts: Sendable, Hashable, Encodable {
        /// Clients whose first datagrams wait, and connections in their handshakes whose datagrams do.
        public internal(set) var waiting = 0
        /// How often one has begun to wait, since start.
        public internal(set) var waited = 0

        static func += (sum: inout HandshakeQueueCounts, other: HandshakeQueueCounts) {
            sum.waiting += other.waiting
            sum.waited += other.waited
        }
    }

    /// Nothing yet.
    public init() {}

    /// Whether everything is back to zero: nothing lives, nothing is routed, nothing is held.
    public var hasReturned: Bool {
        connections.live == 0 && connections.closing == 0 && connections.draining == 0 && connectionIDs == 0
            && sources == 0 && handshakes.waiting == 0 && deadlines == 0 && tableBytes == 0 && ledgerTotal.isEmpty
            && usedBytes == 0
            && committedBytes == 0
            && connections.created == connections.closed
    }

    /// Adds another endpoint's statistics.
    public static func += (sum: inout EndpointStatistics, other: EndpointStatistics) {
        sum.connections += other.connections
        sum.connectionIDs += other.connectionIDs
        sum.sources += other.sources
        sum.deadlines += other.deadlines
        sum.tableBytes += other.tableBytes
        sum.ledger.merge(other.ledger, uniquingKeysWith: +)
        sum.ledgerTotal = sum.ledgerTotal + other.ledgerTotal
        sum.retainedBytes += other.retainedBytes
        sum.usedBytes += other.usedBytes
        sum.committedBytes += other.committedBytes
        sum.admissions.merge(other.admissions, uniquingKeysWith: +)
        sum.drops.merge(other.drops, uniquingKeysWith: +)
        sum.received += other.received
        sum.transmitted += other.transmitted
        sum.datagramFrames += other.datagramFrames
        for (index, count) in other.ecnMarks.enumerated() { sum.ecnMarks[index] += count }
        sum.earlyData += other.earlyData
        sum.addressTokens += other.addressTokens
        sum.handshakes += other.handshakes
        sum.versionNegotiations += other.versionNegotiations
        sum.retries += other.retries
        sum.statelessResets += other.statelessResets
        sum.isDraining = sum.isDraining || other.isDraining
    }
}
