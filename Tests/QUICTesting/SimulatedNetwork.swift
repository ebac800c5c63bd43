package import Datagrams

/// Carries datagrams in virtual time, and loses, repeats, delays and reorders them as its seed says.
package struct SimulatedNetwork {
    /// How a datagram may fare.
    package struct Conditions: Sendable {
        /// The time every datagram takes.
        package var latency = Duration.milliseconds(5)
        /// At most this much more, at random: enough of it reorders.
        package var jitter = Duration.zero
        /// The probability that a datagram is lost.
        package var loss = 0.0
        /// The probability that it arrives twice.
        package var duplication = 0.0

        package init() {}

        package init(latency: Duration = .milliseconds(5), jitter: Duration, loss: Double, duplication: Double) {
            self.latency = latency
            self.jitter = jitter
            self.loss = loss
            self.duplication = duplication
        }
    }

    /// A datagram on its way.
    package struct Transit {
        package let arrival: MonotonicInstant
        package let bytes: [UInt8]
        package let path: NetworkPath
        package let ecn: ECN
        fileprivate let order: Int
    }

    package var conditions: Conditions
    /// Whether a datagram is let through at all; for tests that cut one direction.
    package var admits: (Transit) -> Bool = { _ in true }
    private var generator: SeededGenerator
    private var inTransit: [Transit] = []
    private var sent = 0

    package init(seed: UInt64, conditions: Conditions = Conditions()) {
        self.conditions = conditions
        generator = SeededGenerator(seed: seed)
    }

    /// When the next datagram arrives.
    package var nextArrival: MonotonicInstant? { inTransit.first?.arrival }

    /// Takes what `batch` holds; `path` is the sender's, so it arrives with the path reversed.
    package mutating func carry(_ batch: TransmitBatch, at now: MonotonicInstant) {
        for entry in batch.entries {
            let bytes = batch.withBytes(of: entry) { Array(copying: $0) }
            carry(bytes, path: entry.path.reversed, ecn: entry.ecn, at: now)
        }
        batch.removeAll()
    }

    /// Takes one datagram; `path` is the receiver's.
    package mutating func carry(_ bytes: [UInt8], path: NetworkPath, ecn: ECN = .notCapable, at now: MonotonicInstant) {
        let copies = generator.chance(conditions.duplication) ? 2 : 1
        for _ in 0..<copies where !generator.chance(conditions.loss) {
            let extra = Double.random(in: 0...1, using: &generator)
            let delay = conditions.latency + conditions.jitter * extra
            sent += 1
            let transit = Transit(arrival: now.advanced(by: delay), bytes: bytes, path: path, ecn: ecn, order: sent)
            if admits(transit) { insert(transit) }
        }
    }

    /// The next datagram that has arrived by `now`.
    package mutating func popArrived(by now: MonotonicInstant) -> Transit? {
        guard let first = inTransit.first, first.arrival <= now else { return nil }
        return inTransit.removeFirst()
    }

    private mutating func insert(_ transit: Transit) {
        let position = inTransit.lastIndex { ($0.arrival, $0.order) < (transit.arrival, transit.order) }
        inTransit.insert(transit, at: position.map { $0 + 1 } ?? 0)
    }
}

extension Array where Element == UInt8 {
    /// The bytes of `span`.
    package init(copying span: RawSpan) {
        self = unsafe span.withUnsafeBytes { unsafe Array($0) }
    }
}
