/// When new connections are turned away, before anything is allocated for them.
public struct AdmissionLimits: Sendable {
    /// When to answer with a Retry. Default: `auto`.
    public var retryPolicy = RetryPolicy.auto
    /// Handshakes in flight from which on addresses must be proven under `auto`. Default 100 a worker.
    public var handshakesBeforeRetry = 100
    /// Handshakes in flight from which on connections are refused, 57 KB each. Default 4,096 a worker.
    public var handshakesInFlight = 4_096
    /// Connections alive at once from which on further ones are refused. Default 1,000,000 a worker.
    public var connections = 1_000_000
    /// Replies a second without a connection, of each kind: Version Negotiation, Retry, refusal, stateless reset.
    /// Default 10,000, at most half a second's worth at once.
    public var statelessRepliesPerSecond = 10_000

    /// The defaults.
    public init() {}
}
