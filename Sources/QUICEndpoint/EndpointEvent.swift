public import Datagrams
public import QUICTransport

/// Something that happened at an endpoint and that an operator may ask for later: 72 bytes that refer to nothing.
public struct EndpointEvent: Sendable, Hashable, BitwiseCopyable {
    /// What happened.
    public enum Kind: Sendable, Hashable, BitwiseCopyable {
        /// A connection was made for a client's first packet.
        case accepted
        /// A handshake is complete.
        case established
        /// A connection asked for more memory than it may hold; it is closed next.
        case budgetExceeded(MemoryCap)
        /// A connection ended.
        case closed(CloseCause)
        /// A client's first packet was turned away.
        case refused(Refusal)
        /// A packet of another worker's connection was dropped, because that worker did not take it.
        case handOverOverflow

        /// The name it is shown by, in snake case.
        public var label: String {
            switch self {
            case .accepted: "accepted"
            case .established: "established"
            case .budgetExceeded: "budget_exceeded"
            case .closed: "closed"
            case .refused: "refused"
            case .handOverOverflow: "hand_over_overflow"
            }
        }

        /// Every label there is.
        public static let labels = [
            Kind.accepted, .established, .budgetExceeded(.connection), .closed(.shutdown), .refused(.shutdown),
            .handOverOverflow,
        ].map(\.label)

        /// Why, in the words of the counter that counts it as well; nil where there is nothing to say.
        public var causeLabel: String? {
            switch self {
            case .accepted, .established, .handOverOverflow: nil
            case .budgetExceeded(let cap): cap.rawValue
            case .closed(let cause): cause.label
            case .refused(let refusal): refusal.decision.label
            }
        }
    }

    /// The cases of ``AdmissionDecision`` that turn a client away, without what the others carry.
    public enum Refusal: UInt8, Sendable, CaseIterable, BitwiseCopyable {
        /// ``AdmissionDecision/refuseHandshakes``.
        case handshakes
        /// ``AdmissionDecision/refuseConnections``.
        case connections
        /// ``AdmissionDecision/refuseShutdown``.
        case shutdown
        /// ``AdmissionDecision/rejectToken``.
        case token
        /// ``AdmissionDecision/refuseSource``.
        case source
        /// ``AdmissionDecision/refuseMemory``.
        case memory

        /// The refusal that `decision` is; nil when it lets the client in or asks it to prove its address.
        init?(_ decision: AdmissionDecision) {
            switch decision {
            case .accept, .retry: return nil
            case .refuseHandshakes: self = .handshakes
            case .refuseConnections: self = .connections
            case .refuseShutdown: self = .shutdown
            case .rejectToken: self = .token
            case .refuseSource: self = .source
            case .refuseMemory: self = .memory
            }
        }

        /// The decision that this is.
        public var decision: AdmissionDecision {
            switch self {
            case .handshakes: .refuseHandshakes
            case .connections: .refuseConnections
            case .shutdown: .refuseShutdown
            case .token: .rejectToken
            case .source: .refuseSource
            case .memory: .refuseMemory
            }
        }
    }

    /// When it happened.
    public let time: MonotonicInstant
    /// What happened.
    public let kind: Kind
    /// The connection it happened to; nil when there is none.
    public let connection: ConnectionHandle?
    /// The client's address.
    public let remote: SocketAddress?
    /// Bytes the connection held at that moment; 0 without one.
    public let liveBytes: Int
    /// The most bytes the connection had held at once; 0 without one.
    public let peakBytes: Int
    /// How many such events this one stands for: itself, and those since the one before it that were left out.
    public let count: Int
}
