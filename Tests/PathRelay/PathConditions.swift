import TextValues

/// The two ways of a path.
package enum PathDirection: String, Sendable, CaseIterable {
    /// From a client to the server.
    case up
    /// From the server to a client.
    case down
}

/// The properties of an emulated path. Both directions have the same ones, each for itself.
///
/// ``validate()`` says whether the values are accepted together.
package struct PathConditions: Sendable, Equatable {
    /// The round-trip time without jitter and queues. Half of it is the delay of each direction.
    package var roundTrip = Duration.zero
    /// The largest additional delay of a direction.
    package var jitter = Duration.zero
    /// The probability that a datagram is lost, from 0 to 1.
    package var loss = 0.0
    /// The probability that a datagram is delayed by ``reorderDelay``, so that later ones overtake it; from 0 to 1.
    package var reordering = 0.0
    /// The additional delay of a reordered datagram.
    package var reorderDelay = Duration.milliseconds(1)
    /// Bits of UDP payload a direction carries in a second; nil for no limit.
    package var bitsPerSecond: Int?
    /// Bytes that may wait for a limited rate, the datagram in transmission included; nil for ``queueBytesDefault``.
    package var queueBytes: Int?
    /// Times during which everything that enters the path is dropped, counted from its first datagram.
    package var outages: [Range<Duration>] = []
    /// The directions that outages interrupt.
    package var outageDirections = Set(PathDirection.allCases)
    /// The source of everything random.
    package var seed: UInt64 = 1

    /// A path that changes nothing.
    package init() {}

    /// Bytes that may wait unless ``queueBytes`` says otherwise: one round trip's worth of the rate, at least 64 KiB.
    package var queueBytesDefault: Int {
        let roundTripBytes = Double(bitsPerSecond ?? 0) / 8 * roundTrip.fractionalSeconds
        return max(64 << 10, Int(roundTripBytes))
    }
}

extension PathConditions {
    private static let roundTripAccepted = Duration.zero...Duration.seconds(10)
    private static let jitterAccepted = Duration.zero...Duration.seconds(1)
    private static let reorderDelayAccepted = Duration.milliseconds(1)...Duration.seconds(1)
    private static let bitsPerSecondAccepted = 10_000...100_000_000_000
    private static let queueBytesAccepted = 1_500...(1 << 30)
    private static let outageEndLimit = Duration.seconds(86_400)

    /// Throws the first value that is not accepted, named as the option of `path-relay` that sets it.
    package func validate() throws(RelayOptionError) {
        try Self.check("round-trip", roundTrip, in: Self.roundTripAccepted, text: DurationText.format)
        try Self.check("jitter", jitter, in: Self.jitterAccepted, text: DurationText.format)
        try Self.check("loss", loss, in: 0...1, text: ShareText.format)
        try Self.check("reorder", reordering, in: 0...1, text: ShareText.format)
        try Self.check("reorder-by", reorderDelay, in: Self.reorderDelayAccepted, text: DurationText.format)
        if let bitsPerSecond {
            try Self.check("rate", bitsPerSecond, in: Self.bitsPerSecondAccepted, text: BitRateText.format)
        }
        if let queueBytes {
            try Self.check("queue", queueBytes, in: Self.queueBytesAccepted, text: ByteCountText.format)
        }
        for outage in outages {
            try Self.check("outage", outage.upperBound, in: .zero...Self.outageEndLimit, text: DurationText.format)
        }
    }

    static func check<Value: Comparable>(
        _ option: String,
        _ value: Value,
        in accepted: ClosedRange<Value>,
        text: (Value) -> String
    ) throws(RelayOptionError) {
        guard accepted.contains(value) else {
            let range = "\(text(accepted.lowerBound)) to \(text(accepted.upperBound))"
            throw RelayOptionError(option: option, value: text(value), accepted: range)
        }
    }
}

/// An option of `path-relay` with a value that is not accepted.
package struct RelayOptionError: Error, Hashable, CustomStringConvertible {
    /// The option with its value, and the accepted values.
    package let description: String

    /// `value` of `--option` is not among the `accepted` ones.
    package init(option: String, value: String, accepted: String) {
        description = "--\(option) \(value) is not accepted: use \(accepted)"
    }
}
