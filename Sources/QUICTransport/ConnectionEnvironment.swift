public import BoundedMemory
package import Datagrams

/// What all connections of one endpoint share.
///
/// A connection finds the answers in it that it needs while ngtcp2 waits for them: a new connection ID, the service for a protocol, an
/// address token. What it does is told to its endpoint afterwards: ``ConnectionEffect``.
public final class ConnectionEnvironment {
    /// What each connection may use.
    public let configuration: TransportConfiguration
    /// The account of all of them together.
    public let ledger: MemoryLedger
    /// The share of the memory limit that they borrow from.
    var share: MemoryShare { ledger.share }
    /// The key of stateless reset tokens.
    public let resetSecret: EndpointSecret
    /// Makes the tokens that clients may bring next time; nil at a client. RFC 9000 §8.1.3.
    let addressValidation: AddressValidation?
    /// Where connection IDs come from.
    package var ids: ConnectionIDSource
    /// Those that answer on the application protocols.
    package var services: ConnectionServices
    /// Called at a client when a handshake is complete, before the connection's service is told that it is open: for the application that
    /// asked for the connection, whose ``Connection/context`` has to be there then. It may close the connection.
    package var willOpen: (Connection) -> Void = { _ in }
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

    // Not checked: one thread uses an environment, and none of these is ever changed in place by a method that calls out. Behind getters,
    // since other modules check what they see stored.
    @safe @exclusivity(unchecked) private var currentlyBusy = false
    @safe @exclusivity(unchecked) private var latest = MonotonicInstant(nanoseconds: 0)
    @safe @exclusivity(unchecked) private var commanded = CommandedConnections()
    /// The datagrams of all of them, since start.
    package var datagramFrames = DatagramFrameCounts()
    /// The early data of all of them, since start.
    package var earlyData = EarlyDataCounts()
    /// The context that the TLS sessions of a server share; nil at a client.
    package var serverTLS: TLSServerContext?

    /// An environment in which nobody is busy.
    ///
    /// - Parameter addressValidation: Makes the tokens of a server; nil for none.
    public init(
        configuration: TransportConfiguration,
        ledger: MemoryLedger,
        resetSecret: EndpointSecret,
        ids: ConnectionIDSource,
        services: ConnectionServices,
        addressValidation: AddressValidation? = nil
    ) {
        self.configuration = configuration
        self.ledger = ledger
        self.resetSecret = resetSecret
        self.ids = ids
        self.services = services
        self.addressValidation = addressValidation
    }

    /// The endpoint has ended. Connections that a service keeps refer to this, which must not keep the service.
    package func forgetServices() {
        services = .none
        willOpen = { _ in }
    }
}

// MARK: - Commands outside of events

extension ConnectionEnvironment {
    /// Whether ``takeCommanded()`` has a connection.
    package var hasCommanded: Bool { !commanded.isEmpty }

    /// The next connection that was given a command outside of an event of its own: it may have something to send, a new deadline, or an
    /// end that its application asked for. Nil when there is none.
    package func takeCommanded() -> ConnectionHandle? { commanded.popFirst() }

    /// `connection` is given a command outside of an event of its own.
    func noteCommand(to connection: Connection) { commanded.append(connection) }

    /// `connection` is released.
    func forgetCommands(to connection: Connection) { commanded.remove(connection) }
}
