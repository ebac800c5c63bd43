/// Why a connection ended. Every way a connection can end is one of these, and each has a counter of its name.
public enum CloseCause: Sendable, Hashable, BitwiseCopyable {
    /// The peer sent CONNECTION_CLOSE. RFC 9000 §10.2.
    case peerClose
    /// The application, or an operator, closed it.
    case localClose
    /// The endpoint is shutting down.
    case shutdown
    /// The endpoint drains, and all streams of the connection had ended.
    case drained
    /// The worker or client that served it had to stop, as where its socket failed. The peer is not told: nothing can be sent.
    case workerFailed
    /// Nothing was received for the idle timeout. RFC 9000 §10.1.
    case idleTimeout
    /// The handshake was not complete by its deadline.
    case handshakeTimeout
    /// Nothing we sent was acknowledged for the acknowledgement timeout, although the peer was heard after three probes.
    case acknowledgementSilence
    /// No stream byte went either way for the no-progress timeout.
    case noProgress
    /// Too many of its packets brought nothing.
    case uselessPackets
    /// It was as old as a connection may be.
    case lifetime
    /// The pools inside its transport kept more than they may after its streams had closed.
    case retainedMemory
    /// The peer sent a stateless reset. RFC 9000 §10.3.
    case statelessReset
    /// TLS failed; the alert was sent. RFC 9001 §4.8.
    case tlsAlert(UInt8)
    /// The peer broke the protocol; a transport error was sent. RFC 9000 §20.1.
    case transportError
    /// The connection asked for more bytes than it may hold: during its handshake, once established, or because the
    /// process has none left.
    case budgetExceeded(MemoryCap)
    /// The allocator had no memory for it.
    case outOfMemory
    /// The server refused the connection before it was established. RFC 9000 §20.1, CONNECTION_REFUSED.
    case refused
    /// The server speaks none of the client's versions. RFC 9000 §6.2.
    case versionNegotiation
    /// The client has to prove its address first; it got a Retry. RFC 9000 §8.1.2.
    case addressValidation
    /// The client gave up silently on purpose: the load generator's abandonment.
    case abandoned

    /// The counter's name, in snake case.
    public var label: String {
        switch self {
        case .peerClose: "peer_close"
        case .localClose: "local_close"
        case .shutdown: "shutdown"
        case .drained: "drained"
        case .workerFailed: "worker_failed"
        case .idleTimeout: "idle_timeout"
        case .handshakeTimeout: "handshake_timeout"
        case .acknowledgementSilence: "acknowledgement_silence"
        case .noProgress: "no_progress"
        case .uselessPackets: "useless_packets"
        case .lifetime: "lifetime"
        case .retainedMemory: "retained_memory"
        case .statelessReset: "stateless_reset"
        case .tlsAlert: "tls_alert"
        case .transportError: "transport_error"
        case .budgetExceeded: "budget_exceeded"
        case .outOfMemory: "out_of_memory"
        case .refused: "refused"
        case .versionNegotiation: "version_negotiation"
        case .addressValidation: "address_validation"
        case .abandoned: "abandoned"
        }
    }

    /// Every label there is, for tables that show the zeros too.
    public static let labels: [String] = [
        CloseCause.peerClose, .localClose, .shutdown, .drained, .workerFailed, .idleTimeout, .handshakeTimeout,
        .acknowledgementSilence, .noProgress, .uselessPackets, .lifetime, .retainedMemory, .statelessReset,
        .tlsAlert(0), .transportError, .budgetExceeded(.connection), .outOfMemory, .refused, .versionNegotiation,
        .addressValidation, .abandoned,
    ].map(\.label)
}
