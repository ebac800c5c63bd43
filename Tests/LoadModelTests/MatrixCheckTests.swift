import Synchronization
import Testing

@testable import LoadModel

@Suite struct MatrixCheckTests {
    /// A target that holds 1,000 bytes of its ledger for each abandoned connection, until it was read twice.
    private final class FakeTarget: TargetProbing, Abandoning {
        private struct Contents {
            var held = 0
            var readsLeft = 0
            var created = 0
            var scenarios: [AbandonScenario] = []
        }

        private let contents = Mutex(Contents())
        /// Connections come to these points.
        let reachable: [AbandonPoint]
        let hasEnded: Bool
        /// It answers further ones with a Retry, and counts what it accepts; nil for one that does neither.
        let acceptedLimit: Int?

        init(
            reachable: [AbandonPoint] = AbandonPoint.allCases,
            hasEnded: Bool = false,
            acceptedLimit: Int? = nil
        ) {
            self.reachable = reachable
            self.hasEnded = hasEnded
            self.acceptedLimit = acceptedLimit
        }

        var scenarios: [AbandonScenario] { contents.withLock { $0.scenarios } }

        func read() async throws(TargetFailure) -> TargetState {
            if hasEnded, !scenarios.isEmpty { throw .ended("process 7 is gone") }
            let held = contents.withLock { contents in
                if contents.readsLeft == 0 { contents.held = 0 }
                contents.readsLeft -= 1
                return contents.held
            }
            let memory = MemoryReading(residentBytes: 9_000_000 + held * 2, ledgerBytes: ["tls": held])
            var state = TargetState(memory: memory, unreturned: held == 0 ? [] : ["deadlines 1"])
            if acceptedLimit != nil { state.connectionsCreated = contents.withLock { $0.created } }
            return state
        }

        func check() throws(TargetFailure) {}

        func run(
            scenario: LoadScenario,
            targetReading: @escaping @Sendable () -> TargetReading?,
            onProgress: @escaping @Sendable (LoadProgress) -> Void
        ) async throws -> LoadResult {
            var result = LoadResult()
            result.outcomes.record(.refused)
            return result
        }

        func abandon(
            _ scenario: AbandonScenario,
            watch: @escaping @Sendable (OutcomeCounts) async throws -> Void
        ) async throws -> GeneratorUsage {
            let count = scenario.load.connections ?? 0
            let accepted = min(count, acceptedLimit ?? count)
            let isReachable = reachable.contains(scenario.point)
            contents.withLock { contents in
                contents.scenarios.append(scenario)
                contents.created += accepted
                (contents.held, contents.readsLeft) = (isReachable ? accepted * 1_000 : 0, 2)
            }
            var outcomes = OutcomeCounts()
            outcomes.record(isReachable ? .completed : .echoTimedOut, count: count)
            try await watch(outcomes)
            var usage = GeneratorUsage()
            usage.heldBytes = 7
            return usage
        }
    }

    private func check(_ target: FakeTarget, _ plan: MatrixPlan) -> MatrixCheck {
        MatrixCheck(of: plan, target: "fake", probe: target, engine: target)
    }

    @Test func everyPointIsTriedInEveryManner() async throws {
        let target = FakeTarget()
        let report = try await check(target, MatrixPlan(connections: 10)).report { _ in }
        #expect(report.matrix.cells.count == 30)
        #expect(report.matrix.cells.allSatisfy { $0.held?.bytesPerConnection == 1_000 && $0.gap == nil })
        #expect(report.matrix.cells.allSatisfy { $0.held?.hasReturned == true && $0.connections == 10 })
        #expect(report.matrix.cells.allSatisfy { $0.resident?.bytesPerConnection == 2_000 })
        #expect(report.measure == .ledger)
        // A connection of its own shows whether the target closes.
        #expect(target.scenarios.count == 31)
        #expect(Set(target.scenarios.map(\.load.seed)).count == 31)
        #expect(report.notes == [])
    }

    @Test func whatTheGeneratorKeepsFailsTheVerdict() async throws {
        let plan = try MatrixPlan(points: [.afterInitial], connections: 10)
        let report = try await check(FakeTarget(), plan).report { _ in }
        #expect(report.verdict.failures.map(\.name) == ["generator_bytes"])
        #expect(report.text.contains("FAILED generator_bytes: 21 bytes held by the generator after the run"))
    }

    @Test func aPointThatIsNotReachedSaysWhatCame() async throws {
        let target = FakeTarget(reachable: [.afterInitial])
        let plan = try MatrixPlan(points: [.afterInitial, .inMigration, .inClosing], connections: 10)
        let report = try await check(target, plan).report { _ in }
        #expect(report.matrix[.inMigration, .silence]?.gap == .notReached)
        #expect(report.matrix[.inMigration, .silence]?.failures == [ConnectionOutcome.echoTimedOut.title: 10])
        #expect(report.matrix[.inClosing, .closeDelivered]?.gap == .notReached)
        let title = ConnectionOutcome.echoTimedOut.title
        #expect(report.notes == ["50 connections did not come to their point: 50 \(title)"])
    }

    /// Its client has vanished before it could learn of the Retry.
    @Test func aConnectionThatTheTargetDidNotAcceptIsNotHeldByIt() async throws {
        let plan = try MatrixPlan(points: [.afterInitial], manners: [.silence], connections: 10)
        let report = try await check(FakeTarget(acceptedLimit: 4), plan).report { _ in }
        let cell = try #require(report.matrix[.afterInitial, .silence])
        #expect(cell.connections == 4)
        #expect(cell.held?.bytesPerConnection == 1_000)
        #expect(cell.failures == ["not accepted": 6])
        #expect(report.notes == ["6 connections did not come to their point: 6 not accepted"])
    }

    @Test func pointsOnStreamsNeedAKnownProtocol() async throws {
        let target = FakeTarget()
        let plan = try MatrixPlan(
            points: [.streamOpen, .inKeyUpdate],
            manners: [.silence],
            connections: 10,
            applicationProtocol: "smtp"
        )
        let report = try await check(target, plan).report { _ in }
        #expect(report.matrix[.streamOpen, .silence]?.text == "not applicable")
        #expect(report.matrix[.inKeyUpdate, .silence]?.gap == nil)
        #expect(target.scenarios.map(\.point) == [.inKeyUpdate])
    }

    @Test func aTargetThatEndsIsNamed() async throws {
        let check = check(FakeTarget(hasEnded: true), try MatrixPlan(connections: 10))
        await #expect(throws: TargetFailure.ended("process 7 is gone")) { try await check.report { _ in } }
    }

    @Test func aFirstConnectionThatFailsIsAReasonNotToBegin() async throws {
        let check = check(FakeTarget(), try MatrixPlan())
        let error = await #expect(throws: LeakCheck.Unanswered.self) { try await check.introduce() }
        #expect(error?.description == #"a first connection to fake came to "refused""#)
    }

    @Test func aMatrixThatIsCancelledReportsTheCellsUntilThen() async throws {
        let check = check(FakeTarget(), try MatrixPlan(connections: 10))
        let (third, begun) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await check.report { progress in
                if case .opening(cell: 3, _, _) = progress { begun.yield() }
            }
        }
        for await _ in third.prefix(1) { task.cancel() }
        let report = try await task.value
        #expect(report.matrix.cells.count <= 3)
        #expect(!report.verdict.passed)
        #expect(report.verdict.failures.first?.sentence == "\(report.matrix.cells.count) of 30 cells measured")
        #expect(report.page.html.contains(" of 30 cells measured"))
    }

    @Test func valuesAreChecked() {
        #expect(throws: ScenarioError.self) { try MatrixPlan(connections: 0) }
        #expect(throws: ScenarioError.self) { try MatrixPlan(settle: .zero) }
        #expect(throws: ScenarioError.self) { try MatrixPlan(sockets: 1) }
        #expect(throws: Never.self) { try MatrixPlan(points: [.afterInitial], sockets: 1) }
    }
}
