import QUICTransport

/// What a server's connections may hold in all, worked out from its limits and checked against each other.
public struct MemoryPlan: Sendable, Hashable {
    /// Bytes that all connections may hold together.
    public let memoryBytesLimit: Int
    /// The origin of that limit: the configuration, or the limit on this process of which it is a quarter.
    public let memoryLimitSource: MemoryLimitSource
    /// The most one connection may hold: its limit, its keys in GnuTLS, and our own records of it and of its streams.
    public let connectionCostBytes: Int
    /// Connections alive at once, over all workers.
    public let connectionLimit: Int

    /// What ngtcp2 needs to complete a handshake: with 28,000 bytes every one fails.
    public static let handshakeBytesMinimum = 30_000
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
    /// - Throws: ``ServerError/configuration(_:)`` with the arithmetic and the nearest value that fits.
    public init(_ configuration: ServerConfiguration) throws(ServerError) {
        try self.init(configuration, available: .current())
    }

    /// - Parameters:
    ///   - available: The memory this process can use, for the default limit of a quarter of it.
    /// - Throws: ``ServerError/configuration(_:)`` with the arithmetic and the nearest value that fits.
    init(_ configuration: ServerConfiguration, available: AvailableMemory) throws(ServerError) {
        let transport = configuration.transport
        try Self.check(transport)
        let streams = transport.peerBidirectionalStreams + transport.peerUnidirectionalStreams
        connectionCostBytes = transport.connectionBytesLimit + Self.overheadBytes + streams * Self.streamObjectBytes
        memoryBytesLimit = configuration.memoryBytesLimit ?? available.bytes / 4
        memoryLimitSource = configuration.memoryBytesLimit == nil ? available.source : .configuration
        let fitting = memoryBytesLimit / connectionCostBytes
        guard fitting >= configuration.workerCount else {
            let needed = connectionCostBytes * configuration.workerCount
            throw .configuration(
                "a memory limit of \(memoryBytesLimit) bytes has no room for a connection of \(connectionCostBytes) "
                    + "bytes on each of \(configuration.workerCount) workers; at least \(needed) bytes are needed"
            )
        }
        connectionLimit = configuration.connectionLimit ?? fitting
        guard (configuration.workerCount...fitting).contains(connectionLimit) else {
            throw .configuration(
                "\(connectionLimit) connections × \(connectionCostBytes) bytes = "
                    + "\(connectionLimit.multipliedReportingOverflow(by: connectionCostBytes).partialValue) bytes, and the "
                    + "memory limit is \(memoryBytesLimit) bytes; accepted are \(configuration.workerCount) to \(fitting) "
                    + "connections"
            )
        }
    }

    private static func check(_ transport: TransportConfiguration) throws(ServerError) {
        guard transport.handshakeBytesLimit >= handshakeBytesMinimum else {
            throw .configuration(
                "a handshake memory limit of \(transport.handshakeBytesLimit) bytes fails every handshake; "
                    + "at least \(handshakeBytesMinimum) bytes are needed"
            )
        }
        guard transport.datagramsPerTurn >= 1, transport.waitingDatagrams >= 0 else {
            throw .configuration(
                "\(transport.datagramsPerTurn) datagrams a turn of which \(transport.waitingDatagrams) may wait for the next "
                    + "were asked for; accepted are at least 1 and at least 0"
            )
        }
        if let limit = transport.retainedBytesLimit, limit < retainedBytesMinimum {
            throw .configuration(
                "a retained limit of \(limit) bytes would end every connection after its first stream, which leaves about 5 KB "
                    + "in the transport's pools; at least \(retainedBytesMinimum) bytes are needed"
            )
        }
        guard transport.streamWindowBytes <= transport.connectionWindowBytes else {
            throw .configuration(
                "a stream window of \(transport.streamWindowBytes) bytes exceeds the connection's window of "
                    + "\(transport.connectionWindowBytes) bytes; make them equal, or the second larger"
            )
        }
        let windows = min(
            transport.connectionWindowBytes,
            transport.streamWindowBytes * transport.peerBidirectionalStreams
        )
        let streams = transport.peerBidirectionalStreams * streamBytes
        let needed = max(idleTransportBytes + windows + streams, transport.handshakeBytesLimit)
        guard transport.connectionBytesLimit >= needed else {
            throw .configuration(
                "a connection memory limit of \(transport.connectionBytesLimit) bytes is less than what an honest client "
                    + "may use: \(idleTransportBytes) bytes idle + \(windows) bytes of windows + \(streams) bytes of "
                    + "\(transport.peerBidirectionalStreams) streams, and no less than a handshake; at least \(needed) "
                    + "bytes are needed"
            )
        }
    }
}
