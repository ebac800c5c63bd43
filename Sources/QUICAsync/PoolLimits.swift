/// How many connections a pool keeps, and for how long.
public struct PoolLimits: Sendable, Hashable {
    /// Connections to one server at once, those in use among them; at least 1. Default 16. A use beyond waits for another to end.
    public var connectionsPerServer = 16
    /// How long a connection is kept that nobody uses. Default 20 s: less than the idle timeout of most servers, which drop a connection
    /// without a word. RFC 9000 §10.1.
    public var idleTimeout = Duration.seconds(20)
    /// How old a connection may be when it is used again. Default 10 minutes: a transport's pools never shrink, and a server's address
    /// changes.
    public var maximumLifetime = Duration.seconds(600)
    /// How long a use may last before it is reported with the place in the source that began it; nil, the default, for ever.
    public var longUseThreshold: Duration?

    /// The defaults.
    public init() {}
}

/// The contents of a pool at a moment.
public struct PoolStatistics: Sendable, Hashable {
    /// Servers that have connections, or tasks that wait for one.
    public internal(set) var servers = 0
    /// Connections that nobody uses.
    public internal(set) var idle = 0
    /// Connections that tasks use, or wait to be opened.
    public internal(set) var inUse = 0
    /// Tasks that wait for another's use to end.
    public internal(set) var waiting = 0
    /// Uses that lasted longer than they should, since start.
    public internal(set) var longUses = 0

    /// Nothing.
    public init() {}
}

/// A use of a pool's connection that lasts longer than it should: most likely a task that forgot to end it.
public struct LongUse: Sendable, Hashable {
    /// Where it began.
    public let place: SourcePlace
    /// How long it has lasted.
    public let duration: Duration
}

/// A line of source code.
public struct SourcePlace: Sendable, Hashable, CustomStringConvertible {
    /// The module and file: `#fileID`.
    public let fileID: String
    /// The line, from 1.
    public let line: Int

    /// `Module/File.swift:12`.
    public var description: String { "\(fileID):\(line)" }
}

/// Why a pool has no connection to give.
public enum PoolError: Error, Sendable, Hashable {
    /// It was shut down.
    case shutDown
}
