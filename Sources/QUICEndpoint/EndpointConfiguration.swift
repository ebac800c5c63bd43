public import BoundedMemory
public import QUICTransport

/// How an endpoint accepts and keeps connections.
public struct EndpointConfiguration: Sendable {
    /// What each connection may use.
    public var transport = TransportConfiguration()
    /// When new connections are turned away.
    public var admission = AdmissionLimits()
    /// How many closing and draining records are kept, about 350 bytes each; one more displaces the oldest.
    public var closingLimit = ConnectionSet.closingLimitDefault
    /// How many bytes those records may take together; one that does not fit displaces the oldest.
    public var closingBytesLimit = ConnectionSet.closingBytesLimitDefault
    /// How many of its latest events an endpoint keeps, 72 bytes each; 0 for none, at most ``EventLog/capacityLimit``.
    public var eventLogCapacity = EventLog.capacityDefault
    /// Which worker this is: the first byte of the connection IDs it issues, so that packets find it.
    public var workerIndex: UInt8 = 0
    /// How many workers share the address.
    public var workerCount = 1
    /// The key of stateless reset tokens. Workers of one server share it.
    public var resetSecret = EndpointSecret()
    /// The keys of Retry and NEW_TOKEN tokens. Workers of one server share them.
    public var tokenKeys = TokenKeys()
    /// Which tokens were used. Workers of one server share it; nil for one of the endpoint's own.
    public var oneTimeTokens: OneTimeTokens?
    /// The bytes that the connections of all workers may hold together. Workers of one server share it. Default: any number.
    public var memoryBudget = MemoryBudget()
    /// The seed of connection IDs for simulations; nil for the system's random source.
    public var seed: UInt64?

    /// The defaults.
    public init() {}
}

// For the negative control `defences-off`.
extension EndpointConfiguration {
    /// The same without any limit, deadline or rate that the application has against hostile clients, but for the number of
    /// connections, which keeps the machine alive.
    var withoutDefences: EndpointConfiguration {
        var undefended = self
        undefended.admission.retryPolicy = .never
        undefended.admission.handshakesInFlight = .max
        undefended.admission.handshakeStepsPerTurn = .max
        undefended.admission.connectionsPerSource = nil
        undefended.admission.handshakesPerSource = nil
        undefended.admission.blocksPorts = false
        undefended.admission.statelessRepliesPerSecond = 1_000_000_000
        undefended.transport.handshakeBytesLimit = .max
        undefended.transport.connectionBytesLimit = .max
        undefended.transport.handshakeTimeout = .seconds(86_400)
        undefended.transport.acknowledgementTimeout = nil
        undefended.transport.noProgressTimeout = nil
        undefended.transport.lifetime = nil
        undefended.transport.retainedBytesLimit = nil
        undefended.transport.datagramsPerTurn = .max
        undefended.transport.uselessPacketsPerSecond = nil
        undefended.transport.uselessPacketsPerSecondWhenBusy = nil
        return undefended
    }
}
