/// What has to come of an attack on a server that says of itself what it does.
public struct AbuseExpectation: Sendable, Equatable {
    /// How the attacker's connections may end, by `closed_by_cause`; empty when there must not be any.
    public var ends: [String]
    /// Counters of `/stats` of which at least one has to grow: they show that the attack was met. Empty when there is none.
    public var signs: [String]
    /// The most one of the attacker's connections may hold.
    public var holding: AbuseHolding
    /// When the last of the attacker's connections has to be gone, counted from when it had taken what it could.
    public var release: AbuseDeadline
    /// How many bytes the server may send for each it received; nil where the attacker is somebody the server knows.
    public var replyFactorLimit: Double?

    init(
        ends: [String] = [],
        signs: [String] = [],
        holding: AbuseHolding = .connection,
        release: AbuseDeadline = .atOnce,
        replyFactorLimit: Double? = nil
    ) {
        self.ends = ends
        self.signs = signs
        self.holding = holding
        self.release = release
        self.replyFactorLimit = replyFactorLimit
    }
}

/// The most one connection of an attacker may hold.
public enum AbuseHolding: String, Sendable, Codable {
    /// Nothing: it has no connection.
    case nothing
    /// What a handshake may hold, and its TLS session.
    case handshake
    /// The bytes that an established connection may hold that has borrowed nothing.
    case connection
    /// The bytes that an established connection may hold in all, with the windows it was given and its packets in flight.
    case grownConnection
}

/// After which of the server's deadlines a connection is gone.
public enum AbuseDeadline: String, Sendable, Codable {
    /// None: it is closed because of what it did, or by the attacker.
    case atOnce
    /// The one for handshakes.
    case handshakeTimeout
    /// The one for silence.
    case idleTimeout
    /// The one for packets that nobody acknowledges.
    case acknowledgementTimeout
    /// The one for connections that get nowhere.
    case noProgressTimeout
}
