/// How the connections of a leak check end.
public enum LeakManner: String, Sendable, CaseIterable, Codable {
    /// They receive the answer to a message and vanish without a word: the server waits for its idle timeout.
    case silent
    /// They receive the answer to a message and close with CONNECTION_CLOSE (RFC 9000 §10.2).
    case close
    /// They send the first flight of a handshake and vanish: the server waits for its handshake timeout.
    case halfOpen = "half-open"
    /// A third of each, one after the other.
    case mixed

    /// The manners that the connections of a cycle have, in their order.
    var parts: [LeakManner] { self == .mixed ? [.silent, .close, .halfOpen] : [self] }

    /// Whether the handshake is completed.
    var completesHandshake: Bool { self != .halfOpen }
}
