public import BoundedMemory

/// What all connections of one endpoint share.
public final class ConnectionEnvironment {
    /// What each connection may use.
    public let configuration: TransportConfiguration
    /// The account of all of them together.
    public let ledger: MemoryLedger
    /// The share of the memory limit that they borrow from.
    var share: MemoryShare { ledger.share }
    /// The key of stateless reset tokens.
    public let resetSecret: EndpointSecret
    /// Whether the thread of these connections has no time left: ``TransportConfiguration/uselessPacketsPerSecondWhenBusy``.
    public var isBusy = false
    /// The context that the TLS sessions of a server share; nil at a client.
    package var serverTLS: TLSServerContext?
    /// The endpoint itself, which outlives its connections.
    public unowned(unsafe) let host: any ConnectionHost

    /// - Parameter host: Must outlive every connection made in this environment.
    @unsafe
    public init(
        configuration: TransportConfiguration,
        ledger: MemoryLedger,
        resetSecret: EndpointSecret,
        host: any ConnectionHost
    ) {
        self.configuration = configuration
        self.ledger = ledger
        self.resetSecret = resetSecret
        unsafe self.host = host
    }
}
