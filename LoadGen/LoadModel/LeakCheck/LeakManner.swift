/// How the connections of a leak check end.
public enum LeakManner: String, Sendable, CaseIterable, Codable {
    /// They receive the answer to a message and vanish without a word: the server waits for its idle timeout.
    case silent
    /// They receive the answer to a message and close with CONNECTION_CLOSE (RFC 9000 §10.2).
    case close
    /// They send the first flight of a handshake and vanish: the server waits for its handshake timeout.
    case halfOpen = "half-open"
    /// They offer an application protocol that no server speaks, and the server ends the handshake with a TLS alert
    /// (RFC 7301 §3.2): the way out of a server that its own errors take.
    case failing
    /// A third of the first three each, one after the other.
    case mixed

    /// The manners that the connections of a cycle have, in their order.
    var parts: [LeakManner] { self == .mixed ? [.silent, .close, .halfOpen] : [self] }

    /// What connections that are to fail offer.
    static let unspokenProtocol = "quic-loadgen-unspoken"

    /// Whether the handshake is completed.
    var completesHandshake: Bool { self != .halfOpen && self != .failing }

    /// For how many connections of this manner, of those that ended so, the server had to hold something.
    func heldCount(_ outcomes: OutcomeCounts) -> Int {
        switch self {
        case .halfOpen: outcomes.completed
        case .failing: outcomes.answered ?? outcomes.failed
        case .silent, .close, .mixed: outcomes.established
        }
    }
}
