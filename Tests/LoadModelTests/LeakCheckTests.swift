import Synchronization
import Testing

@testable import LoadModel

@Suite struct LeakCheckTests {
    /// A target that keeps some bytes of every connection.
    private final class FakeTarget: TargetProbing {
        let bytesKept: Int
        let made = Mutex(0)
        /// After how many connections it ends.
        let lifetime: Int

        init(bytesKept: Int, lifetime: Int = .max) {
            self.bytesKept = bytesKept
            self.lifetime = lifetime
        }

        func read() async throws(TargetFailure) -> TargetState {
            try check()
            let bytes = made.withLock { $0 } * bytesKept
            return TargetState(memory: MemoryReading(ledgerBytes: ["tls": bytes], descriptors: 9), unreturned: [])
        }

        func check() throws(TargetFailure) {
            guard made.withLock({ $0 }) < lifetime else { throw .ended("process 7 is gone") }
        }

        /// What a scenario comes to.
        func outcomes(of scenario: LoadScenario) -> OutcomeCounts {
            let count = scenario.connections ?? 0
            made.withLock { $0 += count }
            var outcomes = OutcomeCounts()
            outcomes.answered = count
            if scenario.applicationProtocol == LeakManner.unspokenProtocol {
                outcomes.record(.alert(120), count: count)
                return outcomes
            }
            if !scenario.abandonsHandshake { outcomes.established = count }
            outcomes.record(.completed, count: count)
            return outcomes
        }
    }

    private func check(_ target: FakeTarget, _ manner: LeakManner = .silent) throws -> LeakCheck {
        // Counters that are zero and time of 100 ms: each cycle is over after a tenth of a second.
        let plan = try LeakPlan(manner: manner, cycles: 4, connections: 100, settle: .milliseconds(100))
        return LeakCheck(of: plan, target: "fake", probe: target, pollInterval: .milliseconds(5)) { scenario in
            target.outcomes(of: scenario)
        }
    }

    @Test(arguments: LeakManner.allCases)
    func whatStaysOfConnectionsIsFound(_ manner: LeakManner) async throws {
        let report = try await check(FakeTarget(bytesKept: 600), manner).report { _ in }
        #expect(report.assessment.verdict == .leaks(bytesPerConnection: 600, interval: 600...600))
        #expect(report.cycles.map(\.connections) == [100, 100, 100, 100])
        #expect(report.assessment.cycles.map(\.connections) == [100, 200, 300, 400])
        #expect(report.notes == [])
    }

    @Test func whatComesBackReturns() async throws {
        let report = try await check(FakeTarget(bytesKept: 0)).report { _ in }
        #expect(report.assessment.verdict == .returns)
        #expect(report.text.contains("returns: "))
    }

    @Test(arguments: [1, 250])
    func aTargetThatEndsIsNamed(lifetime: Int) async throws {
        let check = try check(FakeTarget(bytesKept: 0, lifetime: lifetime))
        await #expect(throws: TargetFailure.ended("process 7 is gone")) { try await check.report { _ in } }
    }

    @Test func aTargetThatEndsDuringACycleEndsTheCycle() async throws {
        let target = FakeTarget(bytesKept: 0, lifetime: 1)
        let plan = try LeakPlan(cycles: 4, connections: 100)
        let check = LeakCheck(of: plan, target: "fake", probe: target, pollInterval: .milliseconds(5)) { scenario in
            let outcomes = target.outcomes(of: scenario)
            // Until the task is cancelled: the dial timeouts of a dead target.
            try? await Task.sleep(for: .seconds(600))
            return outcomes
        }
        await #expect(throws: TargetFailure.ended("process 7 is gone")) { try await check.report { _ in } }
    }

    @Test func aCheckThatIsCancelledReportsTheCyclesUntilThen() async throws {
        let check = try check(FakeTarget(bytesKept: 600))
        let (third, begun) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await check.report { progress in
                if case .opening(cycle: 3) = progress { begun.yield() }
            }
        }
        for await _ in third.prefix(1) { task.cancel() }
        let report = try await task.value
        #expect(report.cycles.count == 2)
        #expect(report.assessment.verdict.exitCode == 2)
    }

    @Test func aFirstConnectionThatFailsIsAReasonNotToBegin() async throws {
        let plan = try LeakPlan()
        let check = LeakCheck(of: plan, target: "there", probe: FakeTarget(bytesKept: 0)) { scenario in
            #expect(scenario.connections == 1)
            var outcomes = OutcomeCounts()
            outcomes.record(.alert(120))
            return outcomes
        }
        let error = await #expect(throws: LeakCheck.Unanswered.self) { try await check.introduce() }
        #expect(error?.description == #"a first connection to there came to "alert 120 (no_application_protocol)""#)
    }

    @Test func connectionsThatTheTargetNeverMadeAreNoted() async throws {
        let before = TargetState(connectionsCreated: 5)
        let after = TargetState(unreturned: ["deadlines 1"], connectionsCreated: 25)
        let cycle = LeakReport.Cycle(connections: 30, outcomes: OutcomeCounts(), settle: .zero, state: after)
        let report = LeakReport(target: "fake", plan: try LeakPlan(), before: before, cycles: [cycle])
        #expect(
            report.notes == [
                "the target's own counters were not zero after the last cycle: deadlines 1",
                "the target made 20 connections of 30: others may have been answered with Retry",
            ]
        )
    }

    @Test func failuresAreNoted() async throws {
        let target = FakeTarget(bytesKept: 0)
        let plan = try LeakPlan(cycles: 4, connections: 10, settle: .milliseconds(100))
        let check = LeakCheck(of: plan, target: "fake", probe: target, pollInterval: .milliseconds(5)) { _ in
            var outcomes = OutcomeCounts()
            outcomes.established = 8
            outcomes.record(.completed, count: 8)
            outcomes.record(.timedOut, count: 2)
            return outcomes
        }
        let report = try await check.report { _ in }
        #expect(report.cycles.map(\.connections) == [8, 8, 8, 8])
        #expect(report.notes == ["8 of 40 connections did not do all they should: 8 timed out"])
    }
}

// MARK: - The plan

extension LeakCheckTests {
    @Test func valuesThatMakeNoSenseAreNamed() {
        func refused(_ make: () throws -> LeakPlan) -> String? {
            do { _ = try make() } catch { return (error as? ScenarioError)?.name }
            return nil
        }
        #expect(refused { try LeakPlan(cycles: 3) } == "cycles")
        #expect(refused { try LeakPlan(connections: 0) } == "connections")
        #expect(refused { try LeakPlan(manner: .mixed, connections: 2) } == "connections")
        #expect(refused { try LeakPlan(ratePerSecond: 0) } == "rate")
        #expect(refused { try LeakPlan(settle: .zero) } == "settle")
        #expect(refused { try LeakPlan(toleranceBytes: -1) } == "expect-return")
        #expect(refused { try LeakPlan() } == nil)
    }

    @Test func noMessageIsSentInAnUnknownProtocol() async throws {
        #expect(try LeakPlan(applicationProtocol: "doq").messageBytes == 0)
        #expect(try LeakPlan(applicationProtocol: "h3").messageBytes == 64)
    }

    @Test func noTwoScenariosHaveTheSameRandomValues() async throws {
        let seeds = Mutex<[UInt64]>([])
        let target = FakeTarget(bytesKept: 0)
        let plan = try LeakPlan(manner: .mixed, cycles: 4, connections: 10, settle: .milliseconds(100), seed: 7)
        let check = LeakCheck(of: plan, target: "fake", probe: target, pollInterval: .milliseconds(5)) { scenario in
            seeds.withLock { $0.append(scenario.seed) }
            return target.outcomes(of: scenario)
        }
        try await check.introduce()
        _ = try await check.report { _ in }
        let all = seeds.withLock { $0 }
        #expect(all.count == 13)
        #expect(Set(all).count == 13)
    }
}
