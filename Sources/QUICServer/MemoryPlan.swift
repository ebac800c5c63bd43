import BoundedMemory
import QUICTransport

/// What a server's connections may hold in all, worked out from its limits and checked against each other.
///
/// A connection is kept ``connectionFloorBytes`` from its handshake to its end, and borrows what it holds above them from
/// what the others leave. The limit holds whatever they borrow: ``BoundedMemory/MemoryBudget`` refuses what exceeds it.
public struct MemoryPlan: Sendable, Hashable {
    /// Bytes that all connections may hold together: the limit, less what is kept to recognise replays of early data.
    public let memoryBytesLimit: Int
    /// The origin of that limit: the configuration, or the limit on this process of which it is a quarter.
    public let memoryLimitSource: MemoryLimitSource
    /// Bytes kept for each connection, whether it holds them or not.
    public let connectionFloorBytes: Int
    /// The most one connection may hold: its limit, its keys in GnuTLS, and our own records of it and of its streams.
    public let connectionCostBytes: Int
    /// Connections alive at once, over all workers.
    public let connectionLimit: Int

    /// The bytes ngtcp2 needs for a handshake with the smallest certificate: with 28,000 every one fails.
    public static let handshakeBytesMinimum = TransportConfiguration.handshakeBytesMinimum
    /// ngtcp2's part of an established connection without streams, with room for its packets in flight.
    public static let idleTransportBytes = 32 * 1024
    /// ngtcp2's part of one open stream.
    public static let streamBytes = 600
    /// The least that a limit on retained bytes may be: one stream leaves 4.5 KB.
    public static let retainedBytesMinimum = 8 * 1024
    /// GnuTLS's keys of an established connection (4.4 KB), and our objects and table entries (1.1 KB, 3 KB with as many
    /// connection IDs as there may be), rounded up.
    public static let overheadBytes = 8 * 1024
    /// Our own object of one open stream (200 bytes), which no limit refuses, rounded up.
    public static let streamObjectBytes = 256

    /// The plan of a server with this configuration on this machine.
    ///
    /// - Throws: ``QUICWorkers/WorkerError/value(_:)`` for a value out of its range, and ``QUICWorkers/WorkerError/configuration(_:)`` with the arithmetic
    ///   and the nearest value that fits.
    public init(_ configuration: ServerConfiguration) throws(ServerError) {
        try self.init(configuration, available: .current())
    }

    /// - Parameters:
    ///   - available: The memory this process can use, for the default limit of a quarter of it.
    /// - Throws: ``QUICWorkers/WorkerError/configuration(_:)`` with the arithmetic and the nearest value that fits.
    init(_ configuration: ServerConfiguration, available: AvailableMemory) throws(ServerError) {
        try configuration.checkRanges()
        try self.init(ofChecked: configuration, available: available)
    }

    /// - Parameters:
    ///   - configuration: One whose values are in their ranges: ``ServerConfiguration/checkRanges()``.
    ///   - available: The memory this process can use, for the default limit of a quarter of it.
    /// - Throws: ``QUICWorkers/WorkerError/configuration(_:)`` with the arithmetic and the nearest value that fits.
    init(ofChecked configuration: ServerConfiguration, available: AvailableMemory) throws(ServerError) {
        let transport = configuration.transport
        try Self.check(transport)
        let streams = transport.peerBidirectionalStreams + transport.peerUnidirectionalStreams
        connectionCostBytes =
            transport.connectionBytesLimit + Self.overheadBytes + streams * Self.streamObjectBytes + transport.qlogBytes
        connectionFloorBytes = transport.floorBytes
        let replayStoreBytes = configuration.earlyData?.replayStoreBytesLimit ?? 0
        memoryBytesLimit = (configuration.memoryBytesLimit ?? available.bytes / 4) - replayStoreBytes
        memoryLimitSource = configuration.memoryBytesLimit == nil ? available.source : .configuration
        let needed = Self.leastBytes(for: transport, streams: streams) * configuration.workerCount
        guard memoryBytesLimit >= needed else {
            throw .configuration(
                "a memory limit of \(memoryBytesLimit) bytes has no room for one connection with its first windows on each of "
                    + "\(configuration.workerCount) workers; at least \(needed) bytes are needed"
                    + (replayStoreBytes == 0 ? "" : ", and \(replayStoreBytes) bytes more for early data")
            )
        }
        // The rest is for those who are not at rest: a server full of idle connections would starve all others.
        let fitting = memoryBytesLimit / 100 * MemoryBudget.growthPercent / connectionFloorBytes
        connectionLimit = configuration.connectionLimit ?? fitting
        guard (configuration.workerCount...fitting).contains(connectionLimit) else {
            throw .configuration(
                "\(connectionLimit) connections × a floor of \(connectionFloorBytes) bytes = "
                    + "\(connectionLimit.multipliedReportingOverflow(by: connectionFloorBytes).partialValue) bytes, and "
                    + "\(MemoryBudget.growthPercent) % of the memory limit of \(memoryBytesLimit) bytes are for floors; accepted "
                    + "are \(configuration.workerCount) to \(fitting) connections"
            )
        }
    }

    /// The budget that the workers of a server with this plan share.
    func makeBudget(_ transport: TransportConfiguration) -> MemoryBudget {
        // In strict mode promised windows count as held.
        transport.keepsWindowsWorth
            ? MemoryBudget(bytesLimit: memoryBytesLimit, overcommitment: 1) : MemoryBudget(bytesLimit: memoryBytesLimit)
    }

    /// The least that a memory limit may be for one worker: a connection that uses its first windows, a handshake beside it,
    /// and a fifth more, since nobody borrows from there on.
    private static func leastBytes(for transport: TransportConfiguration, streams: Int) -> Int {
        let connection =
            TransportConfiguration.bytesLimit(ofWindow: transport.connectionWindow.initialBytes, borrowed: 0)
            + overheadBytes + streams * streamObjectBytes
        return (connection + transport.handshakeFloorBytes) / 5 * 6
    }

    private static func check(_ transport: TransportConfiguration) throws(ServerError) {
        if let flaw = transport.flaw(towards: "client") { throw .configuration(flaw) }
        try checkCertificateChain(transport)
        if let limit = transport.retainedBytesLimit, limit < retainedBytesMinimum {
            throw .configuration(
                "a retained limit of \(limit) bytes would end every connection after its first stream, which leaves about 5 KB "
                    + "in the transport's pools; at least \(retainedBytesMinimum) bytes are needed"
            )
        }
        let (stream, connection) = (transport.streamWindow, transport.connectionWindow)
        guard stream.initialBytes <= connection.initialBytes, stream.maximumBytes <= connection.maximumBytes else {
            throw .configuration(
                "a stream window of \(stream) bytes exceeds the connection's window of \(connection) bytes; make them "
                    + "equal, or the second larger"
            )
        }
        let streams = transport.peerBidirectionalStreams + transport.peerUnidirectionalStreams
        let needed = max(
            TransportConfiguration.bytesLimit(ofWindow: connection.initialBytes, borrowed: 0)
                + TransportConfiguration.bytesLimit(ofStreams: streams, window: connection.initialBytes),
            transport.handshakeBytesLimitWithChain
        )
        guard transport.connectionBytesLimit >= needed else {
            throw .configuration(
                "a connection memory limit of \(transport.connectionBytesLimit) bytes is less than what an honest client may "
                    + "use with its first window of \(connection.initialBytes) bytes and \(streams) streams, or than a handshake; "
                    + "at least \(needed) bytes are needed"
            )
        }
    }

    /// Refuses a server whose certificate chain is so long that it would serve nobody.
    ///
    /// RFC 9000 §8.1: a server may send three times what it received until the client's address is validated. That refuses no
    /// chain: the first packet of a client pays for our keys, and with them it validates its address.
    private static func checkCertificateChain(_ transport: TransportConfiguration) throws(ServerError) {
        let chain = transport.certificateChainBytes
        let needed = TransportConfiguration.handshakeBytes(withChainOf: chain)
        guard chain <= TransportConfiguration.certificateChainBytesGranted || transport.handshakeBytesLimit >= needed
        else {
            throw .configuration(
                "a certificate chain of \(chain) bytes makes a handshake hold \(TransportConfiguration.handshakeBytesBesidesChain) + "
                    + "\(chain) = \(needed) bytes of transport, and the handshake memory limit is "
                    + "\(transport.handshakeBytesLimit) bytes; at least \(needed) bytes are needed, and a chain of up to "
                    + "\(TransportConfiguration.certificateChainBytesGranted) bytes is given as many as it needs"
            )
        }
        let longest = transport.certificateChainBytesLimit
        guard chain <= longest else {
            throw .configuration(
                "a certificate chain of \(chain) bytes exceeds the \(longest) bytes that are left of the "
                    + "\(TransportConfiguration.transcriptBytesLimit) bytes of a handshake beside "
                    + "\(transport.handshakeCryptoBytesLimit) bytes of the client's and "
                    + "\(TransportConfiguration.serverMessagesBytes) bytes of the server's other messages; make it shorter"
            )
        }
    }
}
