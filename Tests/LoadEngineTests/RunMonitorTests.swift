import Datagrams
import LoadModel
import Testing

@testable import LoadEngine

@Suite struct RunMonitorTests {
    private let boards = [WorkerBoard(), WorkerBoard()]

    private func monitor(_ scenario: LoadScenario, _ control: RunControl) -> RunMonitor {
        RunMonitor(
            scenario: scenario,
            control: control,
            boards: boards,
            startTime: MonotonicInstant(nanoseconds: 0),
            targetReading: { TargetReading(residentBytes: 77) },
            onProgress: { _ in }
        )
    }

    /// Lets each of the two workers show these counts, and one latency of each kind.
    private func publish(_ counts: WorkerCounts, latency: Duration) {
        for board in boards {
            var recorder = LatencyRecorder()
            recorder.record(latency)
            var copy = recorder
            board.publish(counts, handshake: &recorder, echo: &copy)
        }
    }

    @Test func aSampleASecondHasWhatTheWorkersDidMeanwhile() throws {
        var monitor = monitor(LoadScenario(mode: .echo), RunControl(workers: 2))
        publish(
            WorkerCounts(
                scheduled: 10,
                dialing: 2,
                open: 3,
                closing: 5,
                established: 8,
                answers: 7,
                completed: 4,
                failed: 1
            ),
            latency: .milliseconds(5)
        )
        for tenth in 1...10 { monitor.tick(at: .milliseconds(tenth * 100)) }
        #expect(monitor.recorder.samples.count == 1)
        publish(
            WorkerCounts(scheduled: 20, dialing: 1, open: 2, established: 16, answers: 10, completed: 9, failed: 4),
            latency: .milliseconds(9)
        )
        monitor.finish(at: .milliseconds(1_500))
        let samples = monitor.recorder.samples
        try #require(samples.count == 2)
        #expect(samples[0].handshaking == 4 && samples[0].established == 6 && samples[0].closing == 10)
        #expect(samples[0].handshakesPerSecond == 16 && samples[0].echoesPerSecond == 14)
        #expect(samples[0].completed == 8 && samples[0].failed == 2)
        #expect(samples[1].seconds == 1.5)
        #expect(samples[1].handshakesPerSecond == 32 && samples[1].echoesPerSecond == 12)
        // Each interval has its own latencies.
        #expect(samples[0].handshake?.p99 == 5_000)
        #expect(samples[1].handshake?.p50 == 9_000)
        #expect(samples[1].residentBytes == 77)
    }

    @Test func aHerdGrowsOnceItsStepIsCompleteAndHasSettled() {
        var scenario = LoadScenario(mode: .idleHerd)
        scenario.connections = 25
        scenario.step = 10
        scenario.settle = .seconds(1)
        let control = RunControl(workers: 2, herd: HerdPhase(limit: 10))
        var monitor = monitor(scenario, control)
        publish(WorkerCounts(scheduled: 5, dialing: 1, open: 4), latency: .zero)
        monitor.tick(at: .seconds(1))
        monitor.tick(at: .seconds(5))
        #expect(control.herdPhase == HerdPhase(limit: 10))
        publish(WorkerCounts(scheduled: 5, dialing: 0, open: 5), latency: .zero)
        monitor.tick(at: .seconds(6))
        monitor.tick(at: .milliseconds(6_900))
        #expect(control.herdPhase.limit == 10)
        monitor.tick(at: .seconds(7))
        #expect(control.herdPhase == HerdPhase(first: 10, limit: 20, openedAt: .seconds(7)))
        publish(WorkerCounts(scheduled: 10, open: 9, failed: 1), latency: .zero)
        monitor.tick(at: .seconds(8))
        monitor.tick(at: .seconds(9))
        #expect(control.herdPhase.limit == 25 && !control.herdPhase.isOver)
        for board in boards.prefix(1) {
            var (none, nothing) = (LatencyRecorder(), LatencyRecorder())
            board.publish(WorkerCounts(scheduled: 15, open: 14, failed: 1), handshake: &none, echo: &nothing)
        }
        monitor.tick(at: .seconds(10))
        monitor.tick(at: .seconds(11))
        #expect(control.herdPhase.isOver)
        #expect(monitor.steps.map(\.connections) == [10, 20, 25])
        #expect(monitor.steps.map(\.open) == [10, 18, 23])
        #expect(monitor.steps.map(\.failed) == [0, 2, 2])
        #expect(monitor.steps.allSatisfy { $0.target?.residentBytes == 77 && $0.generatorResidentBytes > 0 })
    }
}
