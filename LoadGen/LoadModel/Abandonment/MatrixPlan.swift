import TextValues

/// What an abandon matrix tries, and how long it watches.
public struct MatrixPlan: Sendable, Equatable {
    /// How many connections a cell has where the target's own ledger is read, which is exact.
    public static let connectionsOfLedger = 200
    /// How many connections a cell has where pages are read: at 10 KiB each ten times the noise of 1 MiB.
    public static let connectionsOfPages = 1_000

    /// The rows.
    public let points: [AbandonPoint]
    /// The columns.
    public let manners: [AbandonManner]
    /// How many connections are abandoned in each cell.
    public let connections: Int
    /// How many of them begin per second.
    public let ratePerSecond: Double
    /// How long a cell is watched at most: longer than the target's idle timeout and its handshake timeout.
    public let settle: Duration
    /// The application protocol offered in the handshake (ALPN, RFC 7301).
    public let applicationProtocol: String
    /// The deadline of a handshake.
    public let dialTimeout: Duration
    /// Over how many UDP sockets the connections of a cell are spread.
    public let sockets: Int
    /// Where random values come from.
    public let seed: UInt64

    /// A plan whose values are all within what is accepted.
    ///
    /// - Throws: ``ScenarioError`` naming the first value that is not.
    public init(
        points: [AbandonPoint] = AbandonPoint.allCases,
        manners: [AbandonManner] = AbandonManner.allCases,
        connections: Int = connectionsOfLedger,
        ratePerSecond: Double = 1_000,
        settle: Duration = .seconds(35),
        applicationProtocol: String = "echo",
        dialTimeout: Duration = .seconds(10),
        sockets: Int = 4,
        seed: UInt64 = 0
    ) throws(ScenarioError) {
        self.points = points
        self.manners = manners
        self.connections = connections
        self.ratePerSecond = ratePerSecond
        self.settle = settle
        self.applicationProtocol = applicationProtocol
        self.dialTimeout = dialTimeout
        self.sockets = sockets
        self.seed = seed
        try validate()
    }

    private func validate() throws(ScenarioError) {
        guard LeakPlan.settleAccepted.contains(settle) else {
            let bounds = [LeakPlan.settleAccepted.lowerBound, LeakPlan.settleAccepted.upperBound]
            let accepted = bounds.map(DurationText.format).joined(separator: " to ")
            throw ScenarioError(name: "settle", value: DurationText.format(settle), accepted: accepted)
        }
        guard !points.contains(.inMigration) || sockets > 1 else {
            throw ScenarioError(name: "sockets", value: "1", accepted: "2 or more: clients that migrate need another")
        }
        _ = try introduction()
        _ = try scenario(.afterInitial, .silence, number: 0)
    }

    /// Every point and manner, row by row.
    public var cells: [(point: AbandonPoint, manner: AbandonManner)] {
        points.flatMap { point in manners.map { (point, $0) } }
    }

    /// Whether connections of this application protocol can come to `point`.
    func isApplicable(_ point: AbandonPoint) -> Bool {
        !point.usesStream || LeakPlan.messageProtocols.contains(applicationProtocol)
    }

    /// One connection that shakes hands and closes, to see whether the target answers at all.
    func introduction() throws(ScenarioError) -> LoadScenario {
        try load(connections: 1, seed: seed, mode: .close)
    }

    /// The cell numbered `number` as a task. No two cells use the same random values.
    func scenario(
        _ point: AbandonPoint,
        _ manner: AbandonManner,
        number: Int
    ) throws(ScenarioError) -> AbandonScenario {
        let load = try load(connections: connections, seed: seed &+ UInt64(number + 1), mode: .abandon)
        return AbandonScenario(point: point, manner: manner, load: load)
    }

    /// One connection that the target is to close.
    func closingTrial() throws(ScenarioError) -> AbandonScenario {
        let load = try load(connections: 1, seed: seed, mode: .abandon)
        return AbandonScenario(point: .inClosing, manner: .silence, load: load)
    }

    private func load(connections: Int, seed: UInt64, mode: LoadMode) throws(ScenarioError) -> LoadScenario {
        try LoadScenario(
            validatingConnections: connections,
            ratePerSecond: ratePerSecond,
            mode: mode,
            messageBytes: 0,
            hold: .zero,
            dialTimeout: dialTimeout,
            sockets: sockets,
            applicationProtocol: applicationProtocol,
            seed: seed
        )
    }
}

extension MatrixPlan: Encodable {
    private enum CodingKeys: String, CodingKey {
        case connections
        case ratePerSecond = "rate_per_second"
        case settle = "settle_seconds"
        case applicationProtocol = "application_protocol"
        case sockets
        case seed
    }

    /// Writes the plan, durations as seconds. Points and manners are in the cells.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(connections, forKey: .connections)
        try values.encode(ratePerSecond, forKey: .ratePerSecond)
        try values.encode(settle.fractionalSeconds, forKey: .settle)
        try values.encode(applicationProtocol, forKey: .applicationProtocol)
        try values.encode(sockets, forKey: .sockets)
        try values.encode(seed, forKey: .seed)
    }
}
