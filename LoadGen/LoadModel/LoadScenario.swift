/// What a run does: how many connections, how fast, and what each does. The target is not part of it.
///
/// ``validate()`` says whether the values make sense together; engines refuse a scenario that does not.
public struct LoadScenario: Sendable, Equatable {
    /// How connections begin.
    public var pace: LoadPace
    /// How many connections the run opens; nil for as many as begin within ``duration``.
    public var connections: Int?
    /// How long connections begin; those open then come to their ends. nil until there were ``connections``.
    public var duration: Duration?
    /// How long it takes until connections begin at the full rate, or all of a closed loop are open.
    public var ramp = Duration.zero
    /// What each connection does.
    public var mode: LoadMode
    /// How many streams of a connection carry messages at once.
    public var streams = 1
    /// How many messages follow each other on each of them.
    public var messages = 1
    /// The length of a message, in bytes; 0 for no message.
    public var messageBytes = 64
    /// Whether each message has a stream of its own. With application protocols of requests it always does.
    public var usesFreshStreams = false
    /// How long a stream rests between an answer and the next message.
    public var thinkTime = Duration.zero
    /// Which way the bytes of ``LoadMode/bulk`` go; nil for the way the application protocol has.
    public var bulk: BulkDirection?
    /// The length of a message in ``LoadMode/bulk``, in bytes.
    public var bulkBytes = 10 << 20
    /// How long a connection stays open in the modes that hold it.
    public var hold: Duration
    /// By how many connections a herd grows at a time.
    public var step = 1_000
    /// How long a herd rests before each measurement.
    public var settle = Duration.seconds(1)
    /// The deadline of a handshake, counted from the connection's start.
    public var dialTimeout = Duration.seconds(10)
    /// The deadline of a message's answer, counted from its first byte.
    public var echoTimeout = Duration.seconds(30)
    /// The idle timeout each connection offers. RFC 9000 §10.1.
    public var idleTimeout = Duration.seconds(120)
    /// How long a connection may be silent before it sends a PING; nil for ever. RFC 9000 §10.1.2.
    public var keepAlive: Duration?
    /// After how many messages of a connection its keys are updated; nil for never. RFC 9001 §6.
    public var keyUpdateEvery: Int?
    /// After how many messages of a connection it moves to another socket; nil for never. RFC 9000 §9.3.3.
    public var rebindEvery: Int?
    /// The bytes a server may have in flight on one stream, as the client allows it. RFC 9000 §4.1.
    public var streamWindowBytes = 64 * 1024
    /// The same for all streams of a connection together.
    public var connectionWindowBytes = 256 * 1024
    /// The bytes a connection reads in a second, all its streams together: credit goes back to the server at this pace. nil
    /// for as fast as they come.
    public var readBytesPerSecond: Int?
    /// Whether connections begin with the ticket of an earlier one. RFC 8446 §2.2.
    public var resumes = false
    /// Over how many UDP sockets the connections are spread.
    public var sockets = 4
    /// The addresses these sockets are bound to in turn, without ports; the system chooses where there is none.
    public var localAddresses: [String] = []
    /// On how many threads.
    public var workers = 1
    /// The application protocol offered in the handshake (ALPN, RFC 7301).
    public var applicationProtocol = "echo"
    /// The name asked for, and the one the server's certificate must be for. RFC 6066 §3.
    public var serverName = "localhost"
    /// A PEM file with those who may vouch for the server's certificate; nil to believe any.
    public var certificateAuthorities: String?
    /// Where the run's random values (connection IDs, message bytes) come from.
    public var seed: UInt64 = 0
    /// How many generators carried the scenario out, each with its share of the connections, the rate and the sockets.
    public var generators = 1
    /// Whether every connection falls silent after the first flight of its handshake, whatever its mode. Not written to
    /// JSON: no report is made of such a run.
    public var abandonsHandshake = false

    /// A scenario with the defaults of its mode; it has no end until ``connections`` or ``duration`` is set.
    public init(mode: LoadMode, pace: LoadPace? = nil) {
        self.mode = mode
        self.pace = pace ?? mode.paceDefault
        hold = mode.holdDefault
        keepAlive = mode.keepAliveDefault
    }
}

extension LoadScenario {
    /// The bytes of one message in this scenario's mode.
    public var payloadBytes: Int { mode == .bulk ? bulkBytes : messageBytes }

    /// Whether every connection is expected to receive its messages back.
    public var expectsEcho: Bool { mode.sendsMessage && payloadBytes > 0 }

    /// Which way the bytes of ``LoadMode/bulk`` go; nil when the application protocol has none.
    public var bulkDirection: BulkDirection? {
        bulk ?? [.echo, .download].first { $0.applicationProtocols.contains(applicationProtocol) }
    }

    /// When each connection of an open loop starts; nil in a closed loop.
    public var schedule: ArrivalSchedule? {
        pace.ratePerSecond.map { ArrivalSchedule(ratePerSecond: $0, ramp: ramp) }
    }

    /// How many connections are expected of a run in which so many began: where time ends it, as many.
    func connectionsExpected(begun: Int) -> Int {
        duration == nil ? connections ?? begun : begun
    }

    /// How many connections begin at most: all of ``connections``, or as many as an open loop starts in ``duration``.
    /// nil where only time will tell.
    public var connectionsLimit: Int? {
        guard let duration, let schedule else { return connections }
        return schedule.startedCount(before: duration, of: connections ?? .max)
    }

    /// An open-loop scenario of so many connections whose values are all within what is accepted.
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
        self.init(mode: mode, pace: .open(ratePerSecond: ratePerSecond))
        self.connections = connections
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
}
