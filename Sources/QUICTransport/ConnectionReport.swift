public import BoundedMemory
public import Datagrams

/// What one connection is and holds, at one moment.
public struct ConnectionReport: Sendable {
    /// Its name within its endpoint.
    public let handle: ConnectionHandle
    /// Where it is in its life.
    public let state: ConnectionState
    /// How long it has existed.
    public let age: Duration
    /// The addresses it uses.
    public let path: NetworkPath?
    /// The application protocol; nil until TLS agreed on one.
    public let applicationProtocol: String?
    /// Streams that are open.
    public let streamCount: Int
    /// Connection IDs that lead to it.
    public let connectionIDCount: Int
    /// Bytes it holds, by class.
    public let liveBytes: [MemoryClass: Int]
    /// The most bytes it held at once.
    public let peakBytes: Int
    /// Bytes kept for it, whether it holds them or not.
    public let floorBytes: Int
    /// Bytes it holds above those.
    public let borrowedBytes: Int
    /// The most bytes of transport and echo it may hold now.
    public let bytesLimit: Int
    /// The receive window of all its streams together, in bytes.
    public let windowBytes: Int
    /// Bytes promised to the peer above the initial window.
    public let committedBytes: Int
    /// Bytes of the transport that its pools keep from closed streams.
    public let retainedBytes: Int
    /// Datagrams it has received, sent and dropped. RFC 9221.
    public let datagramFrames: DatagramFrameCounts
    /// The time until something is due; nil when nothing is.
    public let nextDeadline: Duration?

    /// Bytes it holds in all.
    public var totalBytes: Int { liveBytes.values.reduce(0, +) }
}

extension Connection {
    /// What this connection is and holds at `now`.
    public func report(at now: MonotonicInstant) -> ConnectionReport {
        let deadline = deadline
        return ConnectionReport(
            handle: handle,
            state: state,
            age: createdAt.duration(to: now),
            path: path,
            applicationProtocol: applicationProtocol,
            streamCount: streamCount,
            connectionIDCount: sourceConnectionIDs.count,
            liveBytes: Dictionary(
                uniqueKeysWithValues: MemoryClass.allCases.map { ($0, account.liveBytes(of: $0)) }
            ),
            peakBytes: account.peakBytes,
            floorBytes: account.floorBytes,
            borrowedBytes: account.borrowedBytes,
            bytesLimit: account.bytesLimit,
            windowBytes: borrowing.windowBytes,
            committedBytes: borrowing.committedBytes,
            retainedBytes: retainedBytes,
            datagramFrames: datagramFrameCounts,
            nextDeadline: deadline == .distantFuture ? nil : now.duration(to: deadline)
        )
    }
}
