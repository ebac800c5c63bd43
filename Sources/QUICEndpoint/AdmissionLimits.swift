/// When new connections are turned away, before anything is allocated for them.
public struct AdmissionLimits: Sendable {
    /// When to answer with a Retry. Default: `auto`.
    public var retryPolicy = RetryPolicy.auto
    /// Handshakes in flight from which on addresses must be proven under `auto`. Default 100 a worker.
    public var handshakesBeforeRetry = 100
    /// Handshakes in flight from which on connections are refused, 57 KB each. Default 4,096 a worker.
    public var handshakesInFlight = 4_096
    /// Handshake steps of a turn before other connections have theirs: connections that are opened, and as many again that are in
    /// their handshakes. A busy turn has more of both. Default 1.
    public var handshakeStepsPerTurn = 1
    /// Clients whose first datagrams wait for a turn with time for their handshakes, 4 KiB each. A further one that could prove its address
    /// is asked to, and others are dropped. Default 2,048 a worker: as many as are served in the second after which a client that was
    /// dropped comes again, or a worker would have nothing to do meanwhile. RFC 9002 §6.2.2.
    public var waitingInitials = 2_048
    /// Connections alive at once from which on further ones are refused. Default 1,000,000 a worker.
    public var connections = 1_000_000
    /// Connections of one source, handshaking or established, from which on further ones of it are refused; nil, the
    /// default, for any number. A source is an IPv4 address or the first 64 bits of an IPv6 address: a NAT with many
    /// clients behind it is one. From half as many on its clients must prove their addresses, so that somebody else cannot
    /// use up what it has. Counted by each worker for itself.
    public var connectionsPerSource: Int?
    /// Handshakes of one source in flight from which on its clients must prove their addresses, so that somebody else
    /// cannot use up what it has; twice as many and it is refused. nil, the default, for any number.
    public var handshakesPerSource: Int?
    /// Sources a worker counts at once, at most 32 bytes each: 65,536. Further ones must prove their addresses, and are not
    /// counted. Nothing is taken for them without one of both limits.
    public var sourcesLimit = 65_536
    /// Whether first packets from the ports of ``BlockedPorts`` are dropped, and never answered. Default true.
    public var blocksPorts = true
    /// Replies a second without a connection, of each kind: Version Negotiation, Retry, refusal, stateless reset.
    /// Default 10,000, at most half a second's worth at once.
    public var statelessRepliesPerSecond = 10_000

    /// Whether there is a limit for each source.
    public var limitsSources: Bool { connectionsPerSource != nil || handshakesPerSource != nil }

    /// The defaults.
    public init() {
        // So under `auto` a client without a token gets a Retry before there is no room for it to wait.
        precondition(waitingInitials > handshakesBeforeRetry)
    }
}
