import TextValues

/// What a server holds for a connection in each state and for how long, and who connects to it.
public struct CapacityInput: Sendable, Equatable {
    /// What it holds for one connection in each state, in bytes; a state that is missing costs nothing.
    public let stateBytes: [ConnectionState: Int]
    /// How long it waits for a handshake to be completed.
    public let handshakeTimeout: Duration
    /// How long it keeps a connection that is silent. RFC 9000 §10.1.
    public let idleTimeout: Duration
    /// How long it keeps the record of a connection that has ended: three times the probe timeout. RFC 9000 §10.2.
    public let closingTime: Duration
    /// How long honest connections last.
    public let useTime: Duration
    /// The share of each kind among those who connect; the shares add up to 1.
    public let shares: [ArrivalKind: Double]
    /// What the server's process has without any connection, in bytes.
    public let baseBytes: Int

    /// Values that can be calculated with.
    ///
    /// - Parameter weights: How many of each kind there are, relative to each other: `[.honest: 9, .silent: 1]`.
    /// - Throws: ``ScenarioError`` naming the first value that is negative, or the mix when it is empty.
    public init(
        stateBytes: [ConnectionState: Int],
        handshakeTimeout: Duration = .seconds(10),
        idleTimeout: Duration = .seconds(30),
        closingTime: Duration = .seconds(1),
        useTime: Duration = .seconds(10),
        weights: [ArrivalKind: Double],
        baseBytes: Int = 0
    ) throws(ScenarioError) {
        for state in ConnectionState.allCases {
            try Self.check("\(state.rawValue)-bytes", stateBytes[state, default: 0], text: ByteCountText.format)
        }
        try Self.check("handshake-timeout", handshakeTimeout, text: DurationText.format)
        try Self.check("idle-timeout", idleTimeout, text: DurationText.format)
        try Self.check("closing-time", closingTime, text: DurationText.format)
        try Self.check("use-time", useTime, text: DurationText.format)
        try Self.check("base", baseBytes, text: ByteCountText.format)
        self.stateBytes = stateBytes
        self.handshakeTimeout = handshakeTimeout
        self.idleTimeout = idleTimeout
        self.closingTime = closingTime
        self.useTime = useTime
        self.shares = try Self.shares(of: weights)
        self.baseBytes = baseBytes
    }

    /// How long a connection of `kind` is in each state; the time a handshake takes that is completed is not counted.
    func times(of kind: ArrivalKind) -> [ConnectionState: Duration] {
        switch kind {
        case .honest: [.established: useTime, .closing: closingTime]
        case .silent: [.established: idleTimeout]
        case .halfOpen: [.handshaking: handshakeTimeout]
        case .closing: [.closing: closingTime]
        }
    }

    /// What an arrival of `kind` costs: each state's bytes for as long as they are held, in byte-seconds.
    func byteSeconds(of kind: ArrivalKind) -> Double {
        times(of: kind).reduce(0) { $0 + Double(stateBytes[$1.key, default: 0]) * $1.value.fractionalSeconds }
    }

    /// What an arrival of the mix costs on average, in byte-seconds.
    var byteSeconds: Double {
        ArrivalKind.allCases.reduce(0) { $0 + shares[$1, default: 0] * byteSeconds(of: $1) }
    }

    private static func check<Value: AdditiveArithmetic & Comparable>(
        _ name: String,
        _ value: Value,
        text: (Value) -> String
    ) throws(ScenarioError) {
        guard value >= .zero else { throw ScenarioError(name: name, value: text(value), accepted: "0 or more") }
    }

    private static func shares(of weights: [ArrivalKind: Double]) throws(ScenarioError) -> [ArrivalKind: Double] {
        let values = weights.values
        let sum = values.reduce(0, +)
        guard values.allSatisfy({ $0 >= 0 }), sum > 0, sum.isFinite else {
            let text = ArrivalKind.allCases.map { "\($0.title) \(weights[$0, default: 0])" }.joined(separator: ", ")
            throw ScenarioError(name: "mix", value: text, accepted: "weights of 0 or more, one of them more than 0")
        }
        return weights.mapValues { $0 / sum }
    }
}
