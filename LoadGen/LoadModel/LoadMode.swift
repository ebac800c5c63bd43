/// What every connection of a run does between its handshake and its end.
public enum LoadMode: String, Sendable, CaseIterable, Codable {
    /// Handshake, one message sent and received back, then a polite close.
    case echo
    /// Handshake, no message, ``LoadScenario/hold`` of keeping the connection open, then a polite close.
    case hold
    /// Handshake, then a polite close at once.
    case close
    /// Handshake, one message sent and received back, ``LoadScenario/hold`` of keeping the connection open, then
    /// silence: no CONNECTION_CLOSE is sent and every datagram that still arrives is ignored.
    case abandon

    /// Whether connections send a message and wait for it to come back.
    public var sendsMessage: Bool {
        switch self {
        case .echo, .abandon: true
        case .hold, .close: false
        }
    }

    /// Whether connections stay open for ``LoadScenario/hold`` before they end.
    public var holds: Bool {
        switch self {
        case .hold, .abandon: true
        case .echo, .close: false
        }
    }

    /// Whether connections end with CONNECTION_CLOSE (RFC 9000 §10.2); the others fall silent.
    public var closesPolitely: Bool { self != .abandon }
}
