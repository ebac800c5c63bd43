import DatagramIO
import Datagrams
import LoadModel

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Watches the workers of a run from a thread of its own: tells how far they are, keeps the time line, and lets a herd
/// grow.
struct RunMonitor {
    private let scenario: LoadScenario
    private let control: RunControl
    private let boards: [WorkerBoard]
    private let startTime: MonotonicInstant
    private let targetReading: @Sendable () -> TargetReading?
    private let onProgress: @Sendable (LoadProgress) -> Void

    private(set) var recorder = TimelineRecorder()
    private(set) var steps: [HerdStep] = []
    private var previous = WorkerCounts()
    private var previousEnd = Duration.zero
    private var lately = Pace()
    /// When the present step of a herd was complete.
    private var completedAt: Duration?

    /// How often the workers are looked at.
    private static let interval = Duration.milliseconds(100)
    /// How often the thread looks whether the run is over.
    private static let napMicroseconds: UInt32 = 10_000

    init(
        scenario: LoadScenario,
        control: RunControl,
        boards: [WorkerBoard],
        startTime: MonotonicInstant,
        targetReading: @escaping @Sendable () -> TargetReading?,
        onProgress: @escaping @Sendable (LoadProgress) -> Void
    ) {
        self.scenario = scenario
        self.control = control
        self.boards = boards
        self.startTime = startTime
        self.targetReading = targetReading
        self.onProgress = onProgress
    }

    /// Watches until every worker has ended.
    mutating func run() {
        var next = Duration.zero
        while !control.isFinished {
            let elapsed = startTime.duration(to: .now())
            if elapsed >= next {
                tick(at: elapsed)
                next = elapsed + Self.interval
            }
            usleep(Self.napMicroseconds)
        }
        finish(at: startTime.duration(to: .now()))
    }

    /// Looks at the workers once.
    mutating func tick(at elapsed: Duration) {
        let counts = sum
        if elapsed - previousEnd >= recorder.interval { sample(counts, at: elapsed) }
        if scenario.mode == .idleHerd { growHerd(counts, at: elapsed) }
        report(counts, at: elapsed)
    }

    /// Looks at the workers for the last time.
    mutating func finish(at elapsed: Duration) {
        let counts = sum
        if elapsed > previousEnd { sample(counts, at: elapsed) }
        report(counts, at: elapsed)
    }

    private var sum: WorkerCounts {
        boards.reduce(into: WorkerCounts()) { $0 += $1.counts }
    }

    private mutating func report(_ counts: WorkerCounts, at elapsed: Duration) {
        onProgress(
            LoadProgress(
                scheduled: counts.scheduled,
                dialing: counts.dialing,
                established: counts.established,
                holding: counts.open,
                closing: counts.closing,
                finished: counts.completed,
                failed: counts.failed,
                elapsed: elapsed,
                handshakesPerSecond: lately.perSecond(counts.established, at: elapsed),
                sample: recorder.samples.last
            )
        )
    }

    /// Closes an interval of the time line.
    private mutating func sample(_ counts: WorkerCounts, at elapsed: Duration) {
        var (handshake, echo) = (LatencyRecorder(), LatencyRecorder())
        for board in boards { board.takeLatencies(handshake: &handshake, echo: &echo) }
        let seconds = (elapsed - previousEnd) / .seconds(1)
        let target = targetReading()
        recorder.append(
            TimelineSample(
                seconds: elapsed / .seconds(1),
                handshaking: counts.dialing,
                established: counts.open,
                closing: counts.closing,
                completed: counts.completed,
                failed: counts.failed,
                handshakesPerSecond: Double(counts.established - previous.established) / seconds,
                echoesPerSecond: Double(counts.answers - previous.answers) / seconds,
                residentBytes: target?.residentBytes,
                ledgerBytes: target?.heldBytes,
                handshake: LatencyPercentiles(handshake),
                echo: LatencyPercentiles(echo)
            )
        )
        (previous, previousEnd) = (counts, elapsed)
    }

    /// Lets the herd grow by a step once it is complete, has settled, and was measured.
    private mutating func growHerd(_ counts: WorkerCounts, at elapsed: Duration) {
        var phase = control.herdPhase
        guard !phase.isOver, counts.scheduled >= phase.limit, counts.dialing == 0 else { return }
        let completedAt = completedAt ?? elapsed
        self.completedAt = completedAt
        guard elapsed - completedAt >= scenario.settle else { return }
        steps.append(
            HerdStep(
                connections: counts.scheduled,
                open: counts.open,
                failed: counts.failed,
                elapsedSeconds: elapsed / .seconds(1),
                generatorResidentBytes: ProcessUsage.residentBytes,
                target: targetReading()
            )
        )
        phase.first = phase.limit
        phase.limit = min(phase.limit + scenario.step, scenario.connections ?? 0)
        phase.openedAt = elapsed
        phase.isOver = phase.first == phase.limit
        control.herdPhase = phase
        self.completedAt = nil
    }

    /// How fast a count has been growing over about the last half second.
    private struct Pace {
        private var reference: (count: Int, time: Duration)?
        private var rate = 0.0

        mutating func perSecond(_ count: Int, at time: Duration) -> Double {
            guard let start = reference else {
                reference = (count, time)
                return 0
            }
            if time - start.time >= .milliseconds(500) {
                rate = Double(count - start.count) / ((time - start.time) / .seconds(1))
                reference = (count, time)
            }
            return rate
        }
    }
}
