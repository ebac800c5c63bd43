/// What the attacked server lets a connection hold and for how long, as its `/stats` says under `limits`.
public struct AbuseLimits: Sendable, Equatable {
    /// How long a handshake may take, in seconds.
    public var handshakeTimeoutSeconds = 10.0
    /// How long a silent connection lives, in seconds.
    public var idleTimeoutSeconds = 30.0
    /// How long nothing may be acknowledged, in seconds.
    public var acknowledgementTimeoutSeconds = 16.0
    /// How long there may be no progress, in seconds.
    public var noProgressTimeoutSeconds = 60.0
    /// How long the record of an ended connection may stay, in seconds.
    public var closingPeriodSeconds = 30.0
    /// Bytes of transport until the handshake is complete.
    public var handshakeBytes = 48 * 1024
    /// The most an established connection may hold that has borrowed nothing.
    public var connectionCostBytes = 208_896
    /// The most an established connection may hold at all, however much it has borrowed.
    public var grownConnectionCostBytes = 25_178_112
    /// How far ahead a client may send on a stream at first.
    public var streamWindowBytes = 32 * 1024
    /// How far ahead a client may send on all streams together when its window has grown as far as it may.
    public var grownWindowBytes = 16 << 20
    /// How many bytes on streams are progress.
    public var minimumProgressBytes = 256
    /// The most all connections may hold; nil when nobody said.
    public var memoryBytes: Int?
    /// Streams a client may have open.
    public var streams = 16
    /// Whether clients may change their address.
    public var allowsMigration = true

    /// What GnuTLS takes for a handshake, 40 KB with a large certificate, and our own records of it.
    static let handshakeOverheadBytes = 48 * 1024
    /// An established connection's keys in GnuTLS, and our own records of it and of its streams.
    static let connectionOverheadBytes = 12 * 1024
    /// What a slow machine may take longer than the server's own deadline.
    static let graceSeconds = 10.0

    /// The defaults of quic-echo-server, which have to do for a server that does not say.
    public init() {}

    /// The limits among the numbers of `/stats`.
    public init(_ counters: ServerCounters) {
        func set<Value>(_ path: WritableKeyPath<Self, Value>, _ name: String, _ convert: (Double) -> Value) {
            if let value = counters["limits.\(name)"] { self[keyPath: path] = convert(value) }
        }
        set(\.handshakeTimeoutSeconds, "handshake_timeout_seconds") { $0 }
        set(\.idleTimeoutSeconds, "idle_timeout_seconds") { $0 }
        set(\.acknowledgementTimeoutSeconds, "acknowledgement_timeout_seconds") { $0 }
        set(\.noProgressTimeoutSeconds, "no_progress_timeout_seconds") { $0 }
        set(\.closingPeriodSeconds, "closing_period_seconds") { $0 }
        set(\.handshakeBytes, "handshake_bytes") { Int($0) }
        set(\.connectionCostBytes, "resting_bytes") { Int($0) + Self.connectionOverheadBytes }
        set(\.grownConnectionCostBytes, "connection_cost_bytes") { Int($0) }
        set(\.streamWindowBytes, "stream_window_bytes") { Int($0) }
        set(\.grownWindowBytes, "connection_window_bytes_maximum") { Int($0) }
        set(\.minimumProgressBytes, "minimum_progress_bytes") { Int($0) }
        set(\.memoryBytes, "memory_bytes") { Int($0) }
        set(\.streams, "streams") { Int($0) }
        set(\.allowsMigration, "allows_migration") { $0 != 0 }
    }

    /// The most one connection may hold.
    public func bytes(of holding: AbuseHolding) -> Int {
        switch holding {
        case .nothing: 0
        case .handshake: handshakeBytes + Self.handshakeOverheadBytes
        case .connection: max(connectionCostBytes, bytes(of: .handshake))
        case .grownConnection: grownConnectionCostBytes
        }
    }

    /// How long after its last chance a connection may still be there, in seconds.
    public func seconds(until deadline: AbuseDeadline) -> Double {
        let seconds =
            switch deadline {
            case .atOnce: 0.0
            case .handshakeTimeout: handshakeTimeoutSeconds
            case .idleTimeout: idleTimeoutSeconds
            case .acknowledgementTimeout: acknowledgementTimeoutSeconds
            case .noProgressTimeout: noProgressTimeoutSeconds
            }
        return seconds + Self.graceSeconds
    }
}
