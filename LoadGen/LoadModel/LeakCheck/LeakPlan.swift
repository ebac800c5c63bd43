import TextValues

/// What a leak check does: the same connections again and again, with time for the target to give everything back.
public struct LeakPlan: Sendable, Equatable {
    /// How many cycles there may be: the first warms the target up, and three more are needed for a verdict.
    public static let cyclesAccepted = LeakAssessment.cyclesLeast + 1...1_000
    /// How long a target may be given.
    public static let settleAccepted = Duration.milliseconds(100)...Duration.seconds(3_600)
    /// How many cycles of how many connections tell where a target says what it holds.
    public static let (cyclesByLiveBytes, connectionsByLiveBytes) = (5, 2_000)
    /// Where only its pages are known: over so many connections their noise of about 1 MiB looks like 126 bytes for each,
    /// a quarter of the tolerance.
    public static let (cyclesByPages, connectionsByPages) = (6, 5_000)
    /// Application protocols whose messages are known; connections of others shake hands and no more.
    public static let messageProtocols = ["echo", "hq-interop", "h3"]

    /// How connections end.
    public let manner: LeakManner
    /// How many cycles there are; the first is not judged.
    public let cycles: Int
    /// How many connections each cycle opens.
    public let connections: Int
    /// How many of them start per second.
    public let ratePerSecond: Double
    /// How long the target has after a cycle: longer than its idle timeout and its handshake timeout.
    public let settle: Duration
    /// How many bytes may stay for a connection.
    public let toleranceBytes: Int
    /// The length of the message each connection sends; 0 where the application protocol has no known messages.
    public let messageBytes: Int
    /// The application protocol offered in the handshake (ALPN, RFC 7301).
    public let applicationProtocol: String
    /// The deadline of a handshake.
    public let dialTimeout: Duration
    /// Over how many UDP sockets the connections are spread.
    public let sockets: Int
    /// Where random values come from.
    public let seed: UInt64

    /// A plan whose values are all within what is accepted.
    ///
    /// - Throws: ``ScenarioError`` naming the first value that is not.
    public init(
        manner: LeakManner = .silent,
        cycles: Int = 5,
        connections: Int = 2_000,
        ratePerSecond: Double = 500,
        settle: Duration = .seconds(35),
        toleranceBytes: Int = LeakAssessment.toleranceBytesDefault,
        messageBytes: Int = 64,
        applicationProtocol: String = "echo",
        dialTimeout: Duration = .seconds(10),
        sockets: Int = 4,
        seed: UInt64 = 0
    ) throws(ScenarioError) {
        self.manner = manner
        self.cycles = cycles
        self.connections = connections
        self.ratePerSecond = ratePerSecond
        self.settle = settle
        self.toleranceBytes = toleranceBytes
        self.messageBytes = Self.messageProtocols.contains(applicationProtocol) ? messageBytes : 0
        self.applicationProtocol = applicationProtocol
        self.dialTimeout = dialTimeout
        self.sockets = sockets
        self.seed = seed
        try validate()
    }

    private func validate() throws(ScenarioError) {
        guard Self.cyclesAccepted.contains(cycles) else {
            let (least, most) = (Self.cyclesAccepted.lowerBound, Self.cyclesAccepted.upperBound)
            let accepted = "\(least) to \(most): one to warm up and three to judge at least"
            throw ScenarioError(name: "cycles", value: "\(cycles)", accepted: accepted)
        }
        guard Self.settleAccepted.contains(settle) else {
            let bounds = [Self.settleAccepted.lowerBound, Self.settleAccepted.upperBound].map(DurationText.format)
            let value = DurationText.format(settle)
            throw ScenarioError(name: "settle", value: value, accepted: bounds.joined(separator: " to "))
        }
        guard toleranceBytes >= 0 else {
            throw ScenarioError(name: "expect-return", value: "\(toleranceBytes)", accepted: "0 or more bytes")
        }
        guard connections >= manner.parts.count else {
            let accepted = "\(manner.parts.count) or more with manner \(manner.rawValue)"
            throw ScenarioError(name: "connections", value: "\(connections)", accepted: accepted)
        }
        _ = try scenarios(ofCycle: 0)
        _ = try introduction()
    }

    /// What the connections of one cycle do, part by part. No two cycles use the same random values: a target that
    /// keeps something under a connection's ID would only replace it.
    func scenarios(ofCycle cycle: Int) throws(ScenarioError) -> [(manner: LeakManner, scenario: LoadScenario)] {
        let parts = manner.parts
        var scenarios: [(LeakManner, LoadScenario)] = []
        for (index, part) in parts.enumerated() {
            let count = connections / parts.count + (index < connections % parts.count ? 1 : 0)
            let seed = seed &+ UInt64(cycle * parts.count + index + 1)
            scenarios.append((part, try scenario(part, connections: count, seed: seed)))
        }
        return scenarios
    }

    /// One connection that does all there is, to see whether the target answers at all.
    func introduction() throws(ScenarioError) -> LoadScenario {
        try scenario(.close, connections: 1, seed: seed)
    }

    private func scenario(
        _ manner: LeakManner,
        connections: Int,
        seed: UInt64
    ) throws(ScenarioError) -> LoadScenario {
        var scenario = try LoadScenario(
            validatingConnections: connections,
            ratePerSecond: ratePerSecond,
            mode: manner == .failing ? .close : manner == .close ? .echo : .abandon,
            messageBytes: manner.completesHandshake ? messageBytes : 0,
            hold: .zero,
            dialTimeout: dialTimeout,
            sockets: sockets,
            applicationProtocol: manner == .failing ? LeakManner.unspokenProtocol : applicationProtocol,
            seed: seed
        )
        scenario.abandonsHandshake = manner == .halfOpen
        return scenario
    }
}

extension LeakPlan: Encodable {
    private enum CodingKeys: String, CodingKey {
        case manner
        case cycles
        case connections
        case ratePerSecond = "rate_per_second"
        case settle = "settle_seconds"
        case messageBytes = "message_bytes"
        case applicationProtocol = "application_protocol"
        case sockets
        case seed
    }

    /// Writes the plan, durations as seconds. The tolerance is in the assessment.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(manner, forKey: .manner)
        try values.encode(cycles, forKey: .cycles)
        try values.encode(connections, forKey: .connections)
        try values.encode(ratePerSecond, forKey: .ratePerSecond)
        try values.encode(settle.fractionalSeconds, forKey: .settle)
        try values.encode(messageBytes, forKey: .messageBytes)
        try values.encode(applicationProtocol, forKey: .applicationProtocol)
        try values.encode(sockets, forKey: .sockets)
        try values.encode(seed, forKey: .seed)
    }
}
