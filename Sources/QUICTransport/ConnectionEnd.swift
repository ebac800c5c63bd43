/// What is left to do once a connection has ended.
public enum ConnectionEnd: Sendable, Hashable {
    /// Send CONNECTION_CLOSE and answer late packets with it for a while. RFC 9000 §10.2.1, the closing state.
    case close(CloseCause)
    /// Stay silent while late packets arrive. RFC 9000 §10.2.2, the draining state.
    case drain(CloseCause)
    /// Forget it at once: nobody expects an answer. RFC 9000 §10.1, the idle timeout.
    case discard(CloseCause)

    /// Why it ended.
    public var cause: CloseCause {
        switch self {
        case .close(let cause), .drain(let cause), .discard(let cause): cause
        }
    }
}
