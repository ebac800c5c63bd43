/// What every connection of a run does between its handshake and its end.
public enum LoadMode: String, Sendable, CaseIterable, Codable {
    /// Handshake, messages sent and received back, then a polite close.
    case echo
    /// Handshake, no message, ``LoadScenario/hold`` of keeping the connection open, then a polite close.
    case hold
    /// Handshake, then a polite close at once.
    case close
    /// Handshake, messages sent and received back, ``LoadScenario/hold`` of keeping the connection open, then a polite
    /// close. In a closed loop the next connection begins there and then.
    case churn
    /// Handshake, messages sent and received back, ``LoadScenario/hold`` of keeping the connection open, then silence: no
    /// CONNECTION_CLOSE is sent and every datagram that still arrives is ignored.
    case abandon
    /// Handshake, ``LoadScenario/bulkBytes`` in the direction of ``LoadScenario/bulkDirection``, then a polite close.
    case bulk
    /// Handshake, then open until the whole herd has been seen, then a polite close. The herd grows by
    /// ``LoadScenario/step`` connections at a time.
    case idleHerd = "idle-herd"

    /// Whether connections send a message and wait for it to come back.
    public var sendsMessage: Bool {
        switch self {
        case .echo, .churn, .abandon, .bulk: true
        case .hold, .close, .idleHerd: false
        }
    }

    /// Whether connections stay open for ``LoadScenario/hold`` before they end.
    public var holds: Bool {
        switch self {
        case .hold, .churn, .abandon: true
        case .echo, .close, .bulk, .idleHerd: false
        }
    }

    /// Whether connections end with CONNECTION_CLOSE (RFC 9000 §10.2); the others fall silent.
    public var closesPolitely: Bool { self != .abandon }

    /// How long connections are held unless told otherwise.
    public var holdDefault: Duration { self == .churn ? .zero : .seconds(3) }

    /// How connections begin unless told otherwise.
    public var paceDefault: LoadPace { .open(ratePerSecond: self == .idleHerd ? 1_000 : 100) }

    /// How often an idle connection sends a PING unless told otherwise; nil for never.
    public var keepAliveDefault: Duration? {
        // A herd has to outlive the idle timeout of its server.
        self == .idleHerd ? .seconds(10) : nil
    }
}
