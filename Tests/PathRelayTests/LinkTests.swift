import Datagrams
import PathRelay
import Testing

/// The model of a path, in virtual time.
@Suite struct LinkTests {
    private static let start = MonotonicInstant(nanoseconds: 7_000_000_000)

    private static func conditions(_ change: (inout PathConditions) -> Void) -> PathConditions {
        var conditions = PathConditions()
        change(&conditions)
        return conditions
    }

    /// The fates of `count` datagrams of `byteCount` bytes, one every `interval`, and when each entered.
    private static func send(
        _ count: Int,
        of byteCount: Int = 1_200,
        every interval: Duration = .microseconds(100),
        over conditions: PathConditions,
        _ direction: PathDirection = .up
    ) -> [(entered: MonotonicInstant, fate: Fate)] {
        var path = Path(conditions)
        return (0..<count).map { number in
            let now = start.advanced(by: interval * number)
            return (now, path.carry(byteCount: byteCount, direction, at: now))
        }
    }

    private static func delays(_ datagrams: [(entered: MonotonicInstant, fate: Fate)]) -> [Duration] {
        datagrams.compactMap { entered, fate in fate.arrival.map { entered.duration(to: $0) } }
    }

    @Test func anEmptyPathChangesNothing() {
        for direction in PathDirection.allCases {
            let datagrams = Self.send(100, over: PathConditions(), direction)
            #expect(datagrams.allSatisfy { $0.fate == .arrives(at: $0.entered, isReordered: false) })
        }
    }

    @Test(arguments: PathDirection.allCases)
    func eachDirectionTakesHalfTheRoundTrip(_ direction: PathDirection) {
        let datagrams = Self.send(1_000, over: Self.conditions { $0.roundTrip = .milliseconds(51) }, direction)
        #expect(Self.delays(datagrams) == Array(repeating: .microseconds(25_500), count: 1_000))
    }

    @Test(arguments: [UInt64](1...5))
    func jitterStaysInItsRangeAndReordersNothing(_ seed: UInt64) throws {
        let conditions = Self.conditions {
            $0.roundTrip = .milliseconds(20)
            $0.jitter = .milliseconds(5)
            $0.seed = seed
        }
        let datagrams = Self.send(100_000, of: 1_200, every: .microseconds(12), over: conditions)
        let delays = Self.delays(datagrams)
        #expect(delays.count == datagrams.count)
        #expect(delays.allSatisfy { $0 >= .milliseconds(10) && $0 <= .milliseconds(15) })
        // It is no constant: 1.2 seconds hold 240 values.
        #expect(try #require(delays.min()) < .microseconds(10_300))
        #expect(try #require(delays.max()) > .microseconds(14_700))
        let arrivals = datagrams.compactMap(\.fate.arrival)
        #expect(zip(arrivals, arrivals.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test func jitterGoesOnAfterASilence() {
        var path = Path(Self.conditions { $0.jitter = .milliseconds(1) })
        var latest = Self.start
        for pause in [Duration.zero, .milliseconds(63), .milliseconds(64), .seconds(3_600), .nanoseconds(1)] {
            latest = latest.advanced(by: pause)
            let arrival = path.carry(byteCount: 100, .down, at: latest).arrival
            #expect(
                arrival.map { (Duration.zero...Duration.milliseconds(1)).contains(latest.duration(to: $0)) } == true
            )
        }
    }

    /// Four standard deviations of a binomial distribution: one seed in 16,000 would be outside.
    @Test(arguments: [0.001, 0.01, 0.1, 0.5])
    func theShareOfLossIsTheOneAskedFor(_ share: Double) {
        let count = 100_000
        let lost = Self.send(count, over: Self.conditions { $0.loss = share }).count { $0.fate == .lost }
        let expected = Double(count) * share
        #expect(abs(Double(lost) - expected) < 4 * (expected * (1 - share)).squareRoot())
    }

    @Test func allOrNothingIsLost() {
        #expect(Self.send(1_000, over: Self.conditions { $0.loss = 1 }).allSatisfy { $0.fate == .lost })
        #expect(Self.send(1_000, over: Self.conditions { $0.loss = 0 }).allSatisfy { $0.fate != .lost })
    }

    @Test func aSeedDecidesAndEachDirectionHasDecisionsOfItsOwn() {
        let conditions = Self.conditions {
            $0.loss = 0.3
            $0.reordering = 0.3
            $0.jitter = .milliseconds(2)
        }
        let other = Self.conditions {
            $0 = conditions
            $0.seed = 2
        }
        let fates = Self.send(1_000, over: conditions).map(\.fate)
        #expect(fates == Self.send(1_000, over: conditions).map(\.fate))
        #expect(fates != Self.send(1_000, over: other).map(\.fate))
        #expect(fates != Self.send(1_000, over: conditions, .down).map(\.fate))
    }

    @Test func anotherConditionLeavesLossAsItWas() {
        let losing = Self.conditions { $0.loss = 0.1 }
        let both = Self.conditions {
            $0 = losing
            $0.reordering = 0.5
            $0.jitter = .milliseconds(3)
        }
        let (one, other) = (Self.send(1_000, over: losing), Self.send(1_000, over: both))
        #expect(one.map { $0.fate == .lost } == other.map { $0.fate == .lost })
    }

    @Test(arguments: [1_000_000, 100_000_000, 1_000_000_000])
    func theRateIsTheOneAskedFor(_ bitsPerSecond: Int) throws {
        let conditions = Self.conditions {
            $0.bitsPerSecond = bitsPerSecond
            $0.queueBytes = 1 << 30
            $0.roundTrip = .milliseconds(10)
        }
        // Twice as many as it carries in a second, all at once.
        let count = bitsPerSecond / 8 / 1_250 * 2
        let datagrams = Self.send(count, of: 1_250, every: .zero, over: conditions)
        let last = try #require(datagrams.last?.fate.arrival)
        #expect(Self.start.duration(to: last) == .seconds(2) + .milliseconds(5))
        let inASecond = datagrams.count { fate in
            fate.fate.arrival.map { Self.start.duration(to: $0) <= .seconds(1) + .milliseconds(5) } ?? false
        }
        #expect(inASecond == count / 2)
    }

    @Test func aRateAboveTheTrafficDelaysByTheTransmissionOnly() {
        let conditions = Self.conditions { $0.bitsPerSecond = 100_000_000 }
        let datagrams = Self.send(1_000, of: 1_250, every: .microseconds(100), over: conditions)
        #expect(Self.delays(datagrams) == Array(repeating: .microseconds(100), count: 1_000))
    }

    @Test func theQueueTakesItsBytesAndDropsTheRest() {
        let conditions = Self.conditions {
            $0.bitsPerSecond = 10_000_000
            $0.queueBytes = 10_000
        }
        var path = Path(conditions)
        let first = (0..<12).map { _ in path.carry(byteCount: 1_000, .up, at: Self.start) }
        #expect(first.map { $0 == .queueFull } == Array(repeating: false, count: 10) + [true, true])
        // A thousand bytes leave in 0.8 ms.
        let later = Self.start.advanced(by: .microseconds(800))
        let isFull = [(1_000, .up), (1, .up), (1_000, .down)].map { byteCount, direction in
            path.carry(byteCount: byteCount, direction, at: later) == .queueFull
        }
        #expect(isFull == [false, true, false])
    }

    @Test func theQueueHoldsARoundTripUnlessToldOtherwise() {
        var conditions = PathConditions()
        conditions.bitsPerSecond = 100_000_000
        #expect(conditions.queueBytesDefault == 64 << 10)
        conditions.roundTrip = .milliseconds(50)
        #expect(conditions.queueBytesDefault == 625_000)
    }

    @Test func outagesDropWhatEntersWhileTheyLast() {
        let conditions = Self.conditions { $0.outages = [.seconds(1) ..< .seconds(2), .seconds(4) ..< .seconds(5)] }
        for direction in PathDirection.allCases {
            let datagrams = Self.send(60, every: .milliseconds(100), over: conditions, direction)
            let dropped = datagrams.indices.filter { datagrams[$0].fate == .inOutage }
            #expect(dropped == Array(10..<20) + Array(40..<50))
        }
    }

    @Test(arguments: PathDirection.allCases)
    func outagesInterruptTheirDirectionOnly(_ direction: PathDirection) {
        let conditions = Self.conditions {
            $0.outages = [.zero ..< .seconds(1)]
            $0.outageDirections = [direction]
        }
        for other in PathDirection.allCases {
            let dropped = Self.send(10, over: conditions, other).count { $0.fate == .inOutage }
            #expect(dropped == (other == direction ? 10 : 0))
        }
    }

    @Test func thePathsTimeBeginsWithItsFirstDatagramOfEitherDirection() {
        var path = Path(Self.conditions { $0.outages = [.seconds(1) ..< .seconds(2)] })
        let isDropped = [(0, .down), (999, .up), (1_000, .up)].map { milliseconds, direction in
            path.carry(byteCount: 1, direction, at: Self.start.advanced(by: .milliseconds(milliseconds))) == .inOutage
        }
        #expect(isDropped == [false, false, true])
    }

    @Test func reorderedDatagramsAreOvertakenAndComeSoonAfter() {
        let conditions = Self.conditions {
            $0.roundTrip = .milliseconds(20)
            $0.reordering = 0.02
            $0.reorderDelay = .milliseconds(2)
        }
        let datagrams = Self.send(10_000, every: .microseconds(100), over: conditions)
        let delays = Self.delays(datagrams)
        #expect(delays.count == 10_000)
        #expect(delays.allSatisfy { $0 == .milliseconds(10) || $0 == .milliseconds(12) })
        let reordered = delays.count { $0 == .milliseconds(12) }
        #expect((144...256).contains(reordered))
        // Each arrives after the nineteen or twenty that follow it in two milliseconds, and before all others.
        let order = datagrams.indices.sorted {
            (delays[$0] + .microseconds(100) * $0, $0) < (delays[$1] + .microseconds(100) * $1, $1)
        }
        let displacements = order.enumerated().map { abs($0.offset - $0.element) }
        #expect(displacements.contains { $0 > 3 })
        #expect(displacements.allSatisfy { $0 <= 20 })
    }
}

extension Fate {
    /// When the datagram arrives, if it does.
    fileprivate var arrival: MonotonicInstant? {
        if case .arrives(let arrival, _) = self { arrival } else { nil }
    }
}
