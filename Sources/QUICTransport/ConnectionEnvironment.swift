public import BoundedMemory
package import Datagrams

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
    public var isBusy: Bool {
        get { currentlyBusy }
        set { currentlyBusy = newValue }
    }
    /// The useless packets a second from which on a client is not served any more.
    var uselessPacketsPerSecond: Int {
        let whenBusy = isBusy ? configuration.uselessPacketsPerSecondWhenBusy : nil
        return min(configuration.uselessPacketsPerSecond ?? .max, whenBusy ?? .max)
    }
    /// Whether the endpoint drains: connections that open from now on are told so at once.
    package var isDraining = false
    /// Takes work from other threads; nil where there are none.
    package weak var executor: (any ConnectionExecutor)?
    /// The time as the endpoint was last told.
    package var now: MonotonicInstant {
        get { latest }
        set { latest = newValue }
    }

    // Not checked: one thread uses an environment, and neither is ever changed in place. Behind getters, since other modules check what
    // they see stored.
    @safe @exclusivity(unchecked) private var currentlyBusy = false
    @safe @exclusivity(unchecked) private var latest = MonotonicInstant(nanoseconds: 0)
    /// The datagrams of all of them, since start.
    package var datagramFrames = DatagramFrameCounts()
    /// The early data of all of them, since start.
    package var earlyData = EarlyDataCounts()
    /// The context that the TLS sessions of a server share; nil at a client.
    package var serverTLS: TLSServerContext?
    /// The endpoint itself.
    public let host: any ConnectionHost

    /// An environment in which nobody is busy.
    public init(
        configuration: TransportConfiguration,
        ledger: MemoryLedger,
        resetSecret: EndpointSecret,
        host: any ConnectionHost
    ) {
        self.configuration = configuration
        self.ledger = ledger
        self.resetSecret = resetSecret
        self.host = host
    }
}
