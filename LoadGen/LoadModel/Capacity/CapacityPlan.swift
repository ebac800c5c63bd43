import TextValues

/// How many arrivals a memory limit survives, or how much memory a rate of arrivals needs.
///
/// By Little's law: as many connections are in a state as arrive per second, times the seconds they stay in it. It
/// holds for the mean of any arrivals; for a burst, its rate is what counts as long as it lasts longer than the
/// longest timeout.
public struct CapacityPlan: Sendable, Equatable, Codable {
    /// What one kind of arrivals takes.
    public struct Share: Sendable, Equatable, Codable {
        /// The kind.
        public let kind: ArrivalKind
        /// Its share among all arrivals, 0 to 1.
        public let share: Double
        /// How many of them arrive per second.
        public let ratePerSecond: Double
        /// For how long each is held, in seconds.
        public let heldSeconds: Double
        /// How many of them the server has at any moment, in each state.
        public let live: [ConnectionState: Double]
        /// What it holds for them at any moment, in bytes.
        public let bytes: Double

        private enum CodingKeys: String, CodingKey {
            case kind
            case share
            case ratePerSecond = "rate_per_second"
            case heldSeconds = "held_seconds"
            case live
            case bytes
        }
    }

    /// Arrivals per second, of all kinds.
    public let ratePerSecond: Double
    /// The memory of the server's process: the limit, or what the rate needs, in bytes.
    public let memoryBytes: Double
    /// What the process has without any connection, in bytes.
    public let baseBytes: Int
    /// What each kind takes, those with no share left out.
    public let shares: [Share]

    private enum CodingKeys: String, CodingKey {
        case ratePerSecond = "rate_per_second"
        case memoryBytes = "memory_bytes"
        case baseBytes = "base_bytes"
        case shares
    }

    /// The memory that `ratePerSecond` arrivals need.
    ///
    /// - Throws: ``ScenarioError`` when the rate is negative or no number.
    public init(ratePerSecond: Double, input: CapacityInput) throws(ScenarioError) {
        guard ratePerSecond >= 0, ratePerSecond.isFinite else {
            throw ScenarioError(name: "rate", value: "\(ratePerSecond)", accepted: "0 or more arrivals per second")
        }
        self.ratePerSecond = ratePerSecond
        memoryBytes = Double(input.baseBytes) + ratePerSecond * input.byteSeconds
        baseBytes = input.baseBytes
        shares = Self.shares(of: input, ratePerSecond: ratePerSecond)
    }

    /// The arrivals that a process of `memoryBytesLimit` survives: 0 when it needs as much without any connection.
    ///
    /// - Throws: ``ScenarioError`` when arrivals cost nothing, so that any number would do.
    public init(memoryBytesLimit: Int, input: CapacityInput) throws(ScenarioError) {
        guard input.byteSeconds > 0 else {
            throw ScenarioError(name: "mix", value: "without cost", accepted: "arrivals that hold memory for some time")
        }
        ratePerSecond = max(0, Double(memoryBytesLimit) - Double(input.baseBytes)) / input.byteSeconds
        memoryBytes = Double(memoryBytesLimit)
        baseBytes = input.baseBytes
        shares = Self.shares(of: input, ratePerSecond: ratePerSecond)
    }

    /// How many connections the server has at any moment in `state`.
    public func live(_ state: ConnectionState) -> Double {
        shares.reduce(0) { $0 + $1.live[state, default: 0] }
    }

    private static func shares(of input: CapacityInput, ratePerSecond: Double) -> [Share] {
        ArrivalKind.allCases.filter { input.shares[$0, default: 0] > 0 }.map { kind in
            let share = input.shares[kind, default: 0]
            let rate = ratePerSecond * share
            let times = input.times(of: kind).mapValues(\.fractionalSeconds)
            return Share(
                kind: kind,
                share: share,
                ratePerSecond: rate,
                heldSeconds: times.values.reduce(0, +),
                live: times.mapValues { $0 * rate },
                bytes: rate * input.byteSeconds(of: kind)
            )
        }
    }
}
