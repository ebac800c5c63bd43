/// What a run does: how many connections, how fast, and what each does. The target is not part of it.
public struct LoadScenario: Sendable, Equatable {
    /// How many generators may share a scenario; the limits below are those of each.
    public static let generatorsAccepted = 1...10_000
    /// How many connections a run may open.
    public static let connectionsAccepted = 1...1_000_000
    /// The fastest accepted rate, in connections per second.
    public static let ratePerSecondLimit = 100_000.0
    /// The accepted length of a message, in bytes.
    public static let messageBytesAccepted = 0...(1 << 30)
    /// How long a connection may be held.
    public static let holdAccepted = Duration.zero...Duration.seconds(86_400)
    /// The accepted deadline of a handshake, and of an echo.
    public static let timeoutAccepted = Duration.milliseconds(1)...Duration.seconds(3_600)
    /// Over how many sockets connections may be spread.
    public static let socketsAccepted = 1...1_024

    /// How many connections the run opens.
    public let connections: Int
    /// How many of them it starts per second.
    public let ratePerSecond: Double
    /// What each of them does.
    public let mode: LoadMode
    /// The length of the message each sends, in bytes; 0 for no message.
    public let messageBytes: Int
    /// How long a connection stays open in the modes that hold it.
    public let hold: Duration
    /// The deadline of a handshake, counted from the connection's start.
    public let dialTimeout: Duration
    /// The deadline of an echo, counted from the end of the handshake.
    public let echoTimeout: Duration
    /// Over how many UDP sockets the connections are spread.
    public let sockets: Int
    /// The application protocol offered in the handshake (ALPN, RFC 7301).
    public let applicationProtocol: String
    /// Where the run's random values (connection IDs, message bytes) come from.
    public let seed: UInt64
    /// How many generators carried the scenario out, each with its share of the connections, the rate and the sockets.
    public let generators: Int
    /// Whether every connection falls silent after the first flight of its handshake, whatever its mode. Not written to
    /// JSON: no report is made of such a run.
    public var abandonsHandshake = false

    /// A scenario of values that are all within what is accepted.
    ///
    /// - Throws: ``ScenarioError`` naming the first value that is not.
    public init(
        validatingConnections connections: Int,
        ratePerSecond: Double,
        mode: LoadMode = .echo,
        messageBytes: Int = 64,
        hold: Duration = .seconds(3),
        dialTimeout: Duration = .seconds(10),
        echoTimeout: Duration = .seconds(30),
        sockets: Int = 4,
        applicationProtocol: String = "echo",
        seed: UInt64 = 0,
        generators: Int = 1
    ) throws(ScenarioError) {
        self.connections = connections
        self.ratePerSecond = ratePerSecond
        self.mode = mode
        self.messageBytes = messageBytes
        self.hold = hold
        self.dialTimeout = dialTimeout
        self.echoTimeout = echoTimeout
        self.sockets = sockets
        self.applicationProtocol = applicationProtocol
        self.seed = seed
        self.generators = generators
        try validate()
    }

    /// The scenario of more generators, each of which does what `part` does.
    init(like part: LoadScenario, connections: Int, ratePerSecond: Double, sockets: Int, generators: Int) {
        self.connections = connections
        self.ratePerSecond = ratePerSecond
        self.sockets = sockets
        self.generators = generators
        mode = part.mode
        messageBytes = part.messageBytes
        hold = part.hold
        dialTimeout = part.dialTimeout
        echoTimeout = part.echoTimeout
        applicationProtocol = part.applicationProtocol
        seed = part.seed
    }

    /// Whether every connection is expected to receive its message back.
    public var expectsEcho: Bool { mode.sendsMessage && messageBytes > 0 }

    /// When each connection of this scenario starts.
    public var schedule: ArrivalSchedule { ArrivalSchedule(ratePerSecond: ratePerSecond) }
}
