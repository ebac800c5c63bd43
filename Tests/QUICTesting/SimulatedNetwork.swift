package import Datagrams
internal import QUICTransport

/// Carries datagrams in virtual time, and loses, repeats, delays and reorders them as its seed says.
package struct SimulatedNetwork {
    /// How a datagram may fare.
    package struct Conditions: Sendable, Hashable {
        /// The time every datagram takes.
        package var latency = Duration.milliseconds(5)
        /// At most this much more, at random: enough of it reorders.
        package var jitter = Duration.zero
        /// The probability that a datagram is lost.
        package var loss = 0.0
        /// The probability that it arrives twice.
        package var duplication = 0.0

        /// Five milliseconds, and no trouble.
        package init() {}

        /// Conditions of the test's choice.
        package init(latency: Duration = .milliseconds(5), jitter: Duration, loss: Double, duplication: Double) {
            self.latency = latency
            self.jitter = jitter
            self.loss = loss
            self.duplication = duplication
        }
    }

    /// A datagram on its way.
    package struct Transit {
        /// When it arrives.
        package let arrival: MonotonicInstant
        /// The UDP payload.
        package let bytes: [UInt8]
        /// The receiver's side of the path.
        package let path: NetworkPath
        /// Its ECN mark.
        package let ecn: ECN
        fileprivate let order: Int

        /// Whether it arrives before `other`, or with it and was sent first.
        func comes(before other: Transit) -> Bool {
            arrival == other.arrival ? order < other.order : arrival < other.arrival
        }
    }

    /// A link between a server and all of its clients, in front of what ``Conditions`` do.
    package struct Bottleneck: Sendable {
        /// The address on one side of it.
        package let server: SocketAddress
        /// The direction towards the server.
        package internal(set) var toServer: SharedLink
        /// The direction towards the clients.
        package internal(set) var toClients: SharedLink

        /// A bottleneck that is the same in both directions.
        package init(server: SocketAddress, _ link: SharedLink) {
            self.server = server
            toServer = link
            toClients = link
        }

        mutating func send(_ count: Int, to receiver: SocketAddress, at now: MonotonicInstant) -> MonotonicInstant? {
            receiver == server ? toServer.send(count, at: now) : toClients.send(count, at: now)
        }
    }

    /// A link that every datagram goes through, and that loses those that find its queue full; nil for none.
    package var bottleneck: Bottleneck?
    /// What every datagram goes through that is not sent under conditions of its own.
    package var conditions: Conditions
    /// Whether a datagram is let through at all; for tests that cut one direction.
    package var admits: (Transit) -> Bool = { _ in true }
    private var generator: SeededGenerator
    private var inTransit = ArrivalQueue()
    private var sent = 0

    /// A network on which nothing is under way.
    package init(seed: UInt64, conditions: Conditions = Conditions()) {
        self.conditions = conditions
        generator = SeededGenerator(seed: seed)
    }

    /// How many datagrams are under way.
    package var inTransitCount: Int { inTransit.count }

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

    /// Takes one datagram; `path` is the receiver's, and `particular` conditions hold for it alone.
    ///
    /// - Returns: How many copies of it are under way now.
    @discardableResult
    package mutating func carry(
        _ bytes: [UInt8],
        path: NetworkPath,
        ecn: ECN = .notCapable,
        under particular: Conditions? = nil,
        at now: MonotonicInstant
    ) -> Int {
        let conditions = particular ?? self.conditions
        let inTransitBefore = inTransitCount
        let copies = generator.chance(conditions.duplication) ? 2 : 1
        for _ in 0..<copies where !generator.chance(conditions.loss) {
            let extra = Double.random(in: 0...1, using: &generator)
            let delay = conditions.latency + conditions.jitter * extra
            guard let departure = departure(of: bytes.count, to: path.local, at: now) else { continue }
            sent += 1
            let arrival = departure.advanced(by: delay)
            let transit = Transit(arrival: arrival, bytes: bytes, path: path, ecn: ecn, order: sent)
            if admits(transit) { inTransit.insert(transit) }
        }
        return inTransitCount - inTransitBefore
    }

    /// When a datagram is through the bottleneck; nil when that drops it.
    private mutating func departure(of count: Int, to receiver: SocketAddress, at now: MonotonicInstant)
        -> MonotonicInstant?
    {
        guard bottleneck != nil else { return now }
        return bottleneck?.send(count, to: receiver, at: now)
    }

    /// The next datagram that has arrived by `now`.
    package mutating func popArrived(by now: MonotonicInstant) -> Transit? {
        guard let first = inTransit.first, first.arrival <= now else { return nil }
        return inTransit.popFirst()
    }

    /// Gives back the memory kept for datagrams to come, when none is under way.
    package mutating func releaseSpace() {
        if inTransitCount == 0 { inTransit = ArrivalQueue() }
    }
}
