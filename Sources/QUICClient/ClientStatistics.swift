public import BoundedMemory
public import QUICEndpoint
public import QUICTransport
public import QUICWorkers

/// The connections of a client since its start, and the memory that they hold.
public struct ClientStatistics: Sendable {
    /// Created, live and ended connections.
    public internal(set) var connections = ConnectionCounts()
    /// Bytes and blocks of all connections.
    public internal(set) var memory = MemoryUsage()
    /// Connection IDs that lead somewhere.
    public internal(set) var connectionIDCount = 0
    /// Deadlines that wait.
    public internal(set) var deadlineCount = 0
    /// Connections that offered early data, by outcome.
    public internal(set) var earlyData = EarlyDataCounts()
    /// Connections to hosts that are looked up, or of which an address is tried.
    public internal(set) var hostAttemptCount = 0
    /// Work that other threads left for it.
    public internal(set) var work = WorkStatistics()

    /// Nothing yet.
    public init() {}

    /// Whether everything is back to zero.
    public var hasReturned: Bool {
        connections.live == 0 && memory.liveBytes == 0 && memory.liveBlocks == 0 && connectionIDCount == 0
            && deadlineCount == 0 && hostAttemptCount == 0
            && work.waitingBytes == 0
    }
}
