public import QUICTransport

/// What becomes of a client's first packet. Each case has a counter of its name.
public enum AdmissionDecision: Sendable, Hashable {
    /// Make a connection. It first wrote to `retriedFrom` when it answers a Retry.
    case accept(retriedFrom: ConnectionID?)
    /// Ask the client to prove its address.
    case retry
    /// Turn it away: too many handshakes in flight.
    case refuseHandshakes
    /// Turn it away: too many connections.
    case refuseConnections
    /// Turn it away: the process is close to its memory limit.
    case refuseMemory
    /// Turn it away: too many connections or handshakes of its source.
    case refuseSource
    /// Turn it away: the endpoint drains, or is shutting down.
    case refuseShutdown
    /// Turn it away: the token of its Retry is not one of ours.
    case rejectToken

    /// The counter's name, in snake case.
    public var label: String {
        switch self {
        case .accept: "accept"
        case .retry: "retry"
        case .refuseHandshakes: "refuse_handshakes"
        case .refuseConnections: "refuse_connections"
        case .refuseMemory: "refuse_memory"
        case .refuseSource: "refuse_source"
        case .refuseShutdown: "refuse_shutdown"
        case .rejectToken: "reject_token"
        }
    }

    /// Every label there is.
    public static let labels = [
        AdmissionDecision.accept(retriedFrom: nil), .retry, .refuseHandshakes, .refuseConnections, .refuseMemory,
        .refuseSource, .refuseShutdown, .rejectToken,
    ].map(\.label)
}
