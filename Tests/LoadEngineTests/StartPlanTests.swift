import LoadModel
import Testing

@testable import LoadEngine

@Suite struct StartPlanTests {
    private let everything = HerdPhase()

    private func plans(_ scenario: LoadScenario, workers: Int = 1) -> [StartPlan] {
        (0..<workers).map { StartPlan(scenario, share: WorkerShare(index: $0, count: workers)) }
    }

    /// Begins everything that is due, as if connections never ended.
    private func begin(_ plan: inout StartPlan, at elapsed: Duration, openCount: Int = 0) -> [Duration] {
        let dueCount = plan.dueCount(at: elapsed, openCount: openCount, herd: everything)
        return (0..<dueCount).map { _ in plan.takeNext(at: elapsed, herd: everything) }
    }

    @Test(arguments: [1, 2, 3, 7])
    func theWorkersOfAnOpenLoopBeginEachConnectionOnce(workers: Int) {
        var scenario = LoadScenario(mode: .echo, pace: .open(ratePerSecond: 1_000))
        scenario.connections = 100
        var starts: [Duration] = []
        var plans = plans(scenario, workers: workers)
        for milliseconds in stride(from: 0, through: 120, by: 5) {
            for index in plans.indices { starts += begin(&plans[index], at: .milliseconds(milliseconds)) }
        }
        #expect(starts.sorted() == (0..<100).map { .milliseconds($0) })
        #expect(plans.allSatisfy { $0.isExhausted(at: .zero) })
    }

    @Test func anOpenLoopWakesForTheNextStart() {
        var scenario = LoadScenario(mode: .echo, pace: .open(ratePerSecond: 100))
        scenario.connections = 4
        var plan = StartPlan(scenario, share: WorkerShare(index: 1, count: 2))
        #expect(plan.nextStart(at: .zero, openCount: 0, herd: everything) == .milliseconds(10))
        #expect(begin(&plan, at: .milliseconds(9)) == [])
        #expect(begin(&plan, at: .milliseconds(10)) == [.milliseconds(10)])
        #expect(plan.nextStart(at: .milliseconds(10), openCount: 1, herd: everything) == .milliseconds(30))
        #expect(begin(&plan, at: .milliseconds(30)) == [.milliseconds(30)])
        #expect(plan.nextStart(at: .milliseconds(30), openCount: 1, herd: everything) == nil)
    }

    @Test func aClosedLoopFillsTheRoomThatConnectionsLeave() {
        var scenario = LoadScenario(mode: .echo, pace: .closed(concurrency: 3))
        scenario.connections = 5
        var plan = plans(scenario)[0]
        #expect(begin(&plan, at: .zero).count == 3)
        #expect(plan.nextStart(at: .seconds(1), openCount: 3, herd: everything) == nil)
        #expect(begin(&plan, at: .seconds(2), openCount: 2) == [.seconds(2)])
        #expect(begin(&plan, at: .seconds(3), openCount: 0) == [.seconds(3)])
        #expect(plan.isExhausted(at: .seconds(3)))
    }

    @Test func theRampOfAClosedLoopOpensOnePlaceAfterTheOther() {
        var scenario = LoadScenario(mode: .echo, pace: .closed(concurrency: 4))
        scenario.connections = 100
        scenario.ramp = .seconds(4)
        var plan = plans(scenario)[0]
        #expect(begin(&plan, at: .zero).count == 1)
        #expect(plan.nextStart(at: .zero, openCount: 1, herd: everything) == .seconds(1))
        #expect(begin(&plan, at: .seconds(1), openCount: 1).count == 1)
        #expect(begin(&plan, at: .seconds(5), openCount: 2).count == 2)
    }

    @Test func theShareOfAConcurrencyIsRoundedInFavourOfTheFirst() {
        var scenario = LoadScenario(mode: .echo, pace: .closed(concurrency: 5))
        scenario.duration = .seconds(1)
        var plans = plans(scenario, workers: 2)
        #expect(begin(&plans[0], at: .zero).count == 3)
        #expect(begin(&plans[1], at: .zero).count == 2)
    }

    @Test func whereTimeEndsAClosedLoopNothingBeginsAfterwards() {
        var scenario = LoadScenario(mode: .echo, pace: .closed(concurrency: 1))
        scenario.duration = .seconds(1)
        var plan = plans(scenario)[0]
        #expect(begin(&plan, at: .milliseconds(999)).count == 1)
        #expect(begin(&plan, at: .seconds(1)).isEmpty)
        #expect(plan.isExhausted(at: .seconds(1)))
    }

    @Test func theNextStepOfAHerdBeginsWhereItWasOpened() {
        var scenario = LoadScenario(mode: .idleHerd, pace: .open(ratePerSecond: 1_000))
        scenario.connections = 4
        var plan = plans(scenario)[0]
        var herd = HerdPhase(limit: 2)
        #expect(plan.dueCount(at: .seconds(9), openCount: 0, herd: herd) == 2)
        for _ in 0..<2 { _ = plan.takeNext(at: .seconds(9), herd: herd) }
        #expect(plan.nextStart(at: .seconds(9), openCount: 2, herd: herd) == nil)
        herd = HerdPhase(first: 2, limit: 4, openedAt: .seconds(10))
        #expect(plan.dueCount(at: .seconds(10), openCount: 2, herd: herd) == 1)
        #expect(plan.takeNext(at: .seconds(10), herd: herd) == .seconds(10))
        #expect(plan.nextStart(at: .seconds(10), openCount: 3, herd: herd) == .milliseconds(10_001))
    }

    @Test func whatWasCancelledNeverBegins() {
        var scenario = LoadScenario(mode: .echo, pace: .open(ratePerSecond: 1_000))
        scenario.connections = 10
        var plan = plans(scenario)[0]
        #expect(begin(&plan, at: .milliseconds(3)).count == 4)
        #expect(plan.cancel() == 6)
        #expect(plan.cancel() == 0)
        #expect(begin(&plan, at: .seconds(1)).isEmpty)
        #expect(plan.isExhausted(at: .zero))
    }
}
