/// What those who connect do, as far as it decides how long a server holds memory for them.
public enum ArrivalKind: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
    /// They use their connection for a while and close it.
    case honest
    /// They complete the handshake and are never heard of again: the server waits for its idle timeout.
    case silent
    /// They never complete the handshake: the server waits for its handshake timeout.
    case halfOpen = "half_open"
    /// They complete the handshake and close at once.
    case closing

    /// What tables call it.
    public var title: String { self == .halfOpen ? "half-open" : rawValue }
}
