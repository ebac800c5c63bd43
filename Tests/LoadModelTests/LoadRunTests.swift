import LoadModel
import Synchronization
import Testing

@Suite struct LoadRunTests {
    /// An engine whose runs all end the same way.
    private struct FakeEngine: LoadRunning {
        struct Broken: Error {}

        var result: LoadResult? = perfectResult(of: 10)
        var duration = Duration.zero
        /// The run goes on until this is so, for a minute at most.
        var isOver: @Sendable () -> Bool = { true }
        var processState: ProcessState?

        func run(
            scenario: LoadScenario,
            targetReading: @escaping @Sendable () -> TargetReading?,
            onProgress: @escaping @Sendable (LoadProgress) -> Void
        ) async throws -> LoadResult {
            onProgress(LoadProgress(scheduled: scenario.connections ?? 0))
            try? await Task.sleep(for: duration)
            let deadline = ContinuousClock.now + .seconds(60)
            while !isOver(), ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(5)) }
            guard var result else { throw Broken() }
            let target = targetReading()
            result.timeline = Timeline([
                TimelineSample(seconds: 1, residentBytes: target?.residentBytes, ledgerBytes: target?.heldBytes)
            ])
            onProgress(LoadProgress(finished: scenario.connections ?? 0))
            return result
        }
    }

    /// A server whose answers are given in advance; the last is repeated. A nil answer is a failure.
    private final class FakeServer: ServerReading {
        struct Unreachable: Error, CustomStringConvertible {
            let description = "connection refused"
        }

        private let answers: Mutex<[ServerSnapshot?]>
        private let requests = Mutex(0)

        init(_ answers: [ServerSnapshot?]) {
            self.answers = Mutex(answers)
        }

        var requestCount: Int { requests.withLock { $0 } }

        func snapshot() async throws -> ServerSnapshot {
            requests.withLock { $0 += 1 }
            let answer = answers.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? nil }
            guard let answer else { throw Unreachable() }
            return answer
        }
    }

    /// A process that grows with every look at it, and then ends.
    private final class FakeProbe: TargetProbing {
        private let reads = Mutex(0)

        /// Whether it was read when the target had ended.
        var hasEnded: Bool { reads.withLock { $0 >= 4 } }

        func read() async throws(TargetFailure) -> TargetState {
            let count = reads.withLock { count in
                count += 1
                return count
            }
            guard count < 4 else { throw .ended("process 7 is gone") }
            return TargetState(memory: MemoryReading(residentBytes: count << 20, descriptors: 5))
        }

        func check() throws(TargetFailure) {}
    }

    @Test func theTargetsMemoryIsReadBesideItsStatistics() async throws {
        let probe = FakeProbe()
        let run = try run(
            FakeEngine(isOver: { probe.hasEnded }),
            server: FakeServer([idleServer()]),
            probe: probe
        )
        let report = try await run.report { _ in }
        #expect(report.server?.before == idleServer())
        #expect(report.memory?.before == MemoryReading(residentBytes: 1 << 20, descriptors: 5))
        #expect(report.memory?.peak?.residentBytes == 3 << 20)
        #expect(report.memory?.after == nil)
        #expect(report.memory?.lastFailure == "the target ended: process 7 is gone")
        #expect(report.text.contains("the target ended: process 7 is gone"))
        #expect(report.targetPeakResidentBytes == 20 << 20)
    }

    private func run(
        _ engine: FakeEngine = FakeEngine(),
        server: FakeServer? = nil,
        probe: FakeProbe? = nil,
        expectations: ServerExpectations = .none
    ) throws -> LoadRun {
        LoadRun(
            of: try scenario(10),
            target: "127.0.0.1:4433",
            engine: engine,
            server: server,
            probe: probe,
            expectations: expectations,
            sampleInterval: .milliseconds(2)
        )
    }

    @Test func theEnginesProgressAndResultArePassedOn() async throws {
        let finished = Mutex<[Int]>([])
        let report = try await run().report { progress in finished.withLock { $0.append(progress.finished) } }
        #expect(finished.withLock { $0 } == [0, 10])
        #expect(report.verdict.passed)
        #expect(report.target == "127.0.0.1:4433")
        #expect(report.server == nil)
    }

    @Test func theEnginesErrorIsPassedOn() async throws {
        let run = try run(FakeEngine(result: nil), server: FakeServer([idleServer()]))
        await #expect(throws: FakeEngine.Broken.self) { try await run.report { _ in } }
    }

    @Test func aServerIsSampledBeforeDuringAndAfter() async throws {
        let server = FakeServer([idleServer(residentBytes: 1), try busyServer(), idleServer(residentBytes: 3)])
        let report = try await run(FakeEngine(duration: .milliseconds(50)), server: server).report { _ in }
        #expect(report.server?.before?.process.residentBytes == 1)
        #expect(report.server?.peak?.connections.live == 10)
        #expect(report.server?.after?.process.residentBytes == 3)
        #expect(report.server?.failureCount == 0)
        #expect(report.server?.sampleCount == server.requestCount)
    }

    @Test func samplesHaveWhatTheServerSaidLast() async throws {
        let server = FakeServer([idleServer(), try busyServer()])
        let report = try await run(FakeEngine(duration: .milliseconds(50)), server: server).report { _ in }
        #expect(report.timeline?.samples.map(\.ledgerBytes) == [120_000])
        #expect(report.timeline?.samples.map(\.residentBytes) == [52_428_800])
        let alone = try await run().report { _ in }
        #expect(alone.timeline?.samples.map(\.residentBytes) == [nil])
    }

    @Test func whatTheProcessHasOpenIsComparedAfterTheRun() async throws {
        let engine = FakeEngine(processState: ProcessState(descriptors: 9, workerThreads: 0))
        let report = try await run(engine).report { _ in }
        #expect(report.generator.descriptors == .init(before: 9, after: 9))
        #expect(report.generator.threads == .init(before: 0, after: 0))
        #expect(report.verdict.expectations.map(\.name).contains("generator_descriptors"))
    }

    @Test func aServerGetsTimeToReturn() async throws {
        let busy = try busyServer()
        let server = FakeServer([idleServer(residentBytes: busy.process.residentBytes), busy, busy, busy, idleServer()])
        let report = try await run(server: server, expectations: ServerExpectations(returns: true)).report { _ in }
        #expect(report.verdict.passed)
        #expect(report.server?.after?.hasReturned == true)
        #expect(report.server?.returnSeconds != nil)
    }

    @Test func aServerThatDoesNotReturnFailsWhenItsTimeIsUp() async throws {
        let server = FakeServer([idleServer(), try busyServer()])
        let expectations = ServerExpectations(returns: true, returnTimeout: .milliseconds(20))
        let report = try await run(server: server, expectations: expectations).report { _ in }
        #expect(report.verdict.failures.map(\.name) == ["server_returned"])
        #expect(report.server?.returnSeconds == nil)
        #expect(report.server?.after?.connectionIDs == 31)
    }

    @Test func anUnreachableServerIsReportedAndNotFatal() async throws {
        let report = try await run(server: FakeServer([nil])).report { _ in }
        #expect(report.verdict.passed)
        #expect(report.server?.before == nil)
        #expect(report.server?.after == nil)
        #expect(report.text.contains("requests for statistics failed: connection refused"))
    }

    @Test func anUnreachableServerIsFatalWhenSomethingIsExpectedOfIt() async throws {
        let server = FakeServer([nil])
        let run = try run(server: server, expectations: ServerExpectations(returns: true))
        let error = await #expect(throws: LoadRun.ServerUnreachable.self) { try await run.report { _ in } }
        #expect(error?.description == "the server's statistics cannot be read: connection refused")
        #expect(server.requestCount == 1)
    }

    @Test func aCancelledRunDoesNotWaitForTheServer() async throws {
        let server = FakeServer([idleServer(), try busyServer()])
        let run = try run(
            FakeEngine(duration: .seconds(600)),
            server: server,
            expectations: ServerExpectations(returns: true, returnTimeout: .seconds(600))
        )
        let task = Task { try await run.report { _ in } }
        task.cancel()
        let report = try await task.value
        #expect(report.verdict.failures.map(\.name) == ["server_returned"])
    }
}
