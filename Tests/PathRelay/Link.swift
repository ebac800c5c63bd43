import Datagrams
import SeededRandom

/// What becomes of a datagram that enters a path.
package enum Fate: Hashable, Sendable {
    /// It arrives at this moment. Those that are reordered arrive in the order they entered among themselves, and so do
    /// all others.
    case arrives(at: MonotonicInstant, isReordered: Bool)
    /// It is lost at random.
    case lost
    /// It meets an outage.
    case inOutage
    /// The queue in front of the limited rate is full.
    case queueFull
}

/// One direction of a path: decides what becomes of each datagram, from a seed. Holds no datagram.
package struct Link {
    private let delay: UInt64
    private let lossProbability: Double
    private let reorderProbability: Double
    private let reorderDelay: UInt64
    private let outages: [Range<Duration>]
    private var jitter: JitterCurve
    private var bottleneck: Bottleneck?
    // One generator each, so that a change of one condition leaves the decisions of the others as they were.
    private var lossGenerator: SeededGenerator
    private var reorderGenerator: SeededGenerator

    /// The direction `direction` of a path with `conditions`.
    package init(_ conditions: PathConditions, direction: PathDirection) {
        delay = UInt64(clamping: conditions.roundTrip.wholeNanoseconds) / 2
        lossProbability = conditions.loss
        reorderProbability = conditions.reordering
        reorderDelay = UInt64(clamping: conditions.reorderDelay.wholeNanoseconds)
        outages = conditions.outageDirections.contains(direction) ? conditions.outages : []
        bottleneck = conditions.bitsPerSecond.map {
            Bottleneck(bitsPerSecond: $0, queueBytes: conditions.queueBytes ?? conditions.queueBytesDefault)
        }
        var seeds = SeededGenerator(seed: conditions.seed &* 2 &+ (direction == .up ? 0 : 1))
        lossGenerator = SeededGenerator(seed: seeds.next())
        reorderGenerator = SeededGenerator(seed: seeds.next())
        jitter = JitterCurve(maximum: conditions.jitter, seed: seeds.next())
    }

    /// Takes a datagram of `byteCount` bytes at `now`, which never runs backwards.
    ///
    /// - Parameter start: When the path carried its first datagram; outages count from there.
    package mutating func carry(byteCount: Int, at now: MonotonicInstant, since start: MonotonicInstant) -> Fate {
        if !outages.isEmpty {
            let elapsed = start.duration(to: now)
            if outages.contains(where: { $0.contains(elapsed) }) { return .inOutage }
        }
        if lossProbability > 0, lossGenerator.chance(lossProbability) { return .lost }
        guard let departure = bottleneck.pass(byteCount: byteCount, at: now) else { return .queueFull }
        let isReordered = reorderProbability > 0 && reorderGenerator.chance(reorderProbability)
        let held = delay + jitter.nanoseconds(at: departure) + (isReordered ? reorderDelay : 0)
        let arrival = MonotonicInstant(nanoseconds: departure.nanoseconds + held)
        return .arrives(at: arrival, isReordered: isReordered)
    }
}

/// A limited rate with a queue in front of it that drops what does not fit.
private struct Bottleneck {
    private let bitsPerSecond: UInt64
    private let queueNanoseconds: UInt64
    /// When the last datagram accepted has been transmitted.
    private var idleAt: UInt64 = 0

    init(bitsPerSecond: Int, queueBytes: Int) {
        self.bitsPerSecond = UInt64(bitsPerSecond)
        queueNanoseconds = Self.transmissionNanoseconds(of: queueBytes, bitsPerSecond: self.bitsPerSecond)
    }

    /// When the datagram has been transmitted; nil when the queue is full.
    mutating func pass(byteCount: Int, at now: MonotonicInstant) -> MonotonicInstant? {
        let transmission = Self.transmissionNanoseconds(of: byteCount, bitsPerSecond: bitsPerSecond)
        let departure = max(idleAt, now.nanoseconds) + transmission
        guard departure - now.nanoseconds <= queueNanoseconds else { return nil }
        idleAt = departure
        return MonotonicInstant(nanoseconds: departure)
    }

    private static func transmissionNanoseconds(of byteCount: Int, bitsPerSecond: UInt64) -> UInt64 {
        let (high, low) = (UInt64(byteCount) * 8).multipliedFullWidth(by: 1_000_000_000)
        return bitsPerSecond.dividingFullWidth((high, low)).quotient
    }
}

extension Optional where Wrapped == Bottleneck {
    /// When the datagram has been transmitted, at once where the rate has no limit; nil when the queue is full.
    fileprivate mutating func pass(byteCount: Int, at now: MonotonicInstant) -> MonotonicInstant? {
        self == nil ? now : self?.pass(byteCount: byteCount, at: now)
    }
}

/// Both directions of a path. Its time begins with the first datagram of either.
package struct Path {
    private var up: Link
    private var down: Link
    private var start: MonotonicInstant?

    /// A path with `conditions` that has carried nothing yet.
    package init(_ conditions: PathConditions) {
        up = Link(conditions, direction: .up)
        down = Link(conditions, direction: .down)
    }

    /// Takes a datagram of `byteCount` bytes at `now`, which never runs backwards.
    package mutating func carry(
        byteCount: Int,
        _ direction: PathDirection,
        at now: MonotonicInstant
    ) -> Fate {
        let start = start ?? now
        self.start = start
        switch direction {
        case .up: return up.carry(byteCount: byteCount, at: now, since: start)
        case .down: return down.carry(byteCount: byteCount, at: now, since: start)
        }
    }
}
