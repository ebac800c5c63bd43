import SeededRandom
import Testing

@testable import QUICAsync

/// A pool's decisions, in virtual time.
@Suite struct PoolStateTests {
    /// Stands for a connection.
    final class Element: Sendable {}

    private static let place = SourcePlace(fileID: "Tests/Pool.swift", line: 7)
    private let start = ContinuousClock.now
    private var limits = PoolLimits()

    init() {
        limits.connectionsPerServer = 2
        limits.idleTimeout = .seconds(10)
        limits.maximumLifetime = .seconds(60)
    }

    private func at(_ seconds: Int) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    /// Takes an element, which is made where there is none.
    private func take(
        _ pool: inout PoolState<String, Element>,
        _ key: String = "a",
        second: Int = 0
    ) throws -> (element: Element, use: PoolState<String, Element>.Use, isNew: Bool) {
        switch pool.take(key, at: Self.place, now: at(second)).0 {
        case .use(let element, let use): return (element, use, false)
        case .make(let use):
            let element = Element()
            pool.didMake(element, for: use, now: at(second))
            return (element, use, true)
        case .wait: throw Waits()
        }
    }

    private struct Waits: Error {}

    @Test func anElementIsUsedAgain() throws {
        var pool = PoolState<String, Element>(limits: limits)
        let first = try take(&pool)
        _ = pool.end(first.use, isUsable: true, now: at(1))
        let second = try take(&pool, second: 2)
        #expect(second.element === first.element && !second.isNew)
        #expect(try take(&pool, "b").isNew)
    }

    @Test func anElementThatIsNotUsableIsClosed() throws {
        var pool = PoolState<String, Element>(limits: limits)
        let first = try take(&pool)
        let outcome = pool.end(first.use, isUsable: false, now: at(1))
        #expect(outcome.closing.first === first.element)
        #expect(pool.statistics == PoolStatistics())
    }

    @Test func usesBeyondTheLimitWaitInTurn() throws {
        var pool = PoolState<String, Element>(limits: limits)
        let uses = try (0..<2).map { _ in try take(&pool) }
        guard case .wait(let third) = pool.take("a", at: Self.place, now: at(0)).0,
            case .wait(let fourth) = pool.take("a", at: Self.place, now: at(0)).0
        else { throw Waits() }
        #expect(pool.statistics.waiting == 2)
        let first = pool.end(uses[0].use, isUsable: true, now: at(1)).grants
        #expect(first.map(\.ticket) == [third])
        guard case .use(let element, _) = first[0].decision else { throw Waits() }
        #expect(element === uses[0].element)
        // One that failed leaves room to make another.
        let second = pool.end(uses[1].use, isUsable: false, now: at(1)).grants
        #expect(second.map(\.ticket) == [fourth])
        guard case .make = second[0].decision else { throw Waits() }
        #expect(pool.statistics.inUse == 2 && pool.statistics.waiting == 0)
    }

    @Test func aTaskThatNoLongerWaitsHasNoTurn() throws {
        var pool = PoolState<String, Element>(limits: limits)
        let uses = try (0..<2).map { _ in try take(&pool) }
        guard case .wait(let ticket) = pool.take("a", at: Self.place, now: at(0)).0 else { throw Waits() }
        let wasWaiting = pool.cancel(ticket, of: "a")
        let isWaiting = pool.cancel(ticket, of: "a")
        #expect(wasWaiting && !isWaiting)
        for taken in uses { #expect(pool.end(taken.use, isUsable: true, now: at(1)).grants.isEmpty) }
    }

    @Test func anElementIsKeptForItsIdleTimeoutAndNoLonger() throws {
        var pool = PoolState<String, Element>(limits: limits)
        let first = try take(&pool)
        _ = pool.end(first.use, isUsable: true, now: at(5))
        #expect(pool.expire(now: at(14)).closing.isEmpty && pool.needsTime)
        #expect(pool.expire(now: at(15)).closing.first === first.element)
        #expect(pool.statistics == PoolStatistics() && !pool.needsTime)
    }

    /// Without a task that looks after the time as well: whoever takes one looks.
    @Test func anOldElementIsNotUsedAgain() throws {
        var limits = limits
        limits.idleTimeout = .seconds(1_000)
        var pool = PoolState<String, Element>(limits: limits)
        let first = try take(&pool)
        _ = pool.end(first.use, isUsable: true, now: at(1))
        let second = try take(&pool, second: 59)
        #expect(second.element === first.element)
        _ = pool.end(second.use, isUsable: true, now: at(59))
        let (decision, closing) = pool.take("a", at: Self.place, now: at(60))
        guard case .make = decision else { throw Waits() }
        #expect(closing.first === first.element)
    }

    @Test func anElementThatIsTooOldAtTheEndOfItsUseIsClosed() throws {
        var pool = PoolState<String, Element>(limits: limits)
        let first = try take(&pool)
        #expect(pool.end(first.use, isUsable: true, now: at(60)).closing.first === first.element)
    }

    @Test func aLongUseIsReportedOnceWithItsPlace() throws {
        var limits = limits
        limits.longUseThreshold = .seconds(3)
        var pool = PoolState<String, Element>(limits: limits)
        let first = try take(&pool)
        #expect(pool.needsTime && pool.expire(now: at(2)).longUses.isEmpty)
        let reported = pool.expire(now: at(4)).longUses
        #expect(reported == [LongUse(place: Self.place, duration: .seconds(4))])
        #expect(pool.expire(now: at(5)).longUses.isEmpty && pool.statistics.longUses == 1)
        // There is nothing to wait for any more.
        #expect(!pool.needsTime)
        _ = pool.end(first.use, isUsable: true, now: at(6))
        #expect(pool.statistics.idle == 1)
    }

    @Test func aShutdownTellsThoseWhoWait() throws {
        var pool = PoolState<String, Element>(limits: limits)
        let uses = try (0..<2).map { _ in try take(&pool) }
        let other = try take(&pool, "b")
        _ = pool.end(other.use, isUsable: true, now: at(0))
        guard case .wait(let ticket) = pool.take("a", at: Self.place, now: at(0)).0 else { throw Waits() }
        let (closing, tickets) = pool.removeAll()
        #expect(closing.count == 1 && closing.first === other.element && tickets == [ticket])
        for taken in uses { _ = pool.end(taken.use, isUsable: false, now: at(1)) }
        #expect(pool.statistics == PoolStatistics())
    }

    /// Elements of many servers end by themselves. A pool that tells every entry of each end remembers those that are gone, for servers
    /// that nobody asks for any more: the leak of ZIO's keyed pool (zio #9306).
    @Test(arguments: testSeeds) func nothingIsRememberedOfElementsThatEnded(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var pool = PoolState<String, Element>(limits: limits)
        var naive = NaivePool()
        for round in 0..<2_000 {
            let key = "server \(Int.random(in: 0..<50, using: &random))"
            let taken = try take(&pool, key, second: round)
            naive.add(taken.element, to: key)
            _ = pool.end(taken.use, isUsable: true, now: at(round))
            if random.chance(0.9) {
                let idleBefore = pool.statistics.idle
                pool.didEnd(taken.element, of: key)
                #expect(pool.statistics.idle == idleBefore - 1)
                naive.invalidate(taken.element)
            }
        }
        _ = pool.expire(now: at(3_000))
        #expect(pool.statistics == PoolStatistics() && !pool.needsTime)
        // The control: this one's memory does not come back.
        #expect(naive.rememberedCount > 1_000)
    }

    /// Tells all of its entries of each element that ended; an entry forgets that when somebody takes from it.
    private struct NaivePool {
        private var idle: [String: [ObjectIdentifier]] = [:]
        private var invalid: [String: Set<ObjectIdentifier>] = [:]
        private var kept: [Element] = []

        mutating func add(_ element: Element, to key: String) {
            kept.append(element)
            invalid[key] = []
            idle[key, default: []].append(ObjectIdentifier(element))
        }

        mutating func invalidate(_ element: Element) {
            for key in idle.keys { invalid[key, default: []].insert(ObjectIdentifier(element)) }
        }

        var rememberedCount: Int { invalid.values.reduce(0) { $0 + $1.count } }
    }
}
