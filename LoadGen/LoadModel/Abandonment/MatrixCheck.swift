import Synchronization

/// One abandon matrix: cell after cell, connections are abandoned and the target is watched until it is done with them.
public struct MatrixCheck: Sendable {
    /// Where a matrix stands.
    public enum Progress: Sendable, Equatable {
        /// A cell opens its connections; cells count from 1.
        case opening(cell: Int, AbandonPoint, AbandonManner)
        /// All have vanished, and the target is watched.
        case watching(cell: Int, elapsed: Duration, TargetState)
        /// A cell is measured.
        case measured(cell: Int, MatrixCell)
    }

    /// How long an admin interface may be silent before its target counts as gone.
    private static let silenceLimit = Duration.seconds(5)

    private let plan: MatrixPlan
    private let target: String
    private let probe: any TargetProbing
    private let engine: any Abandoning

    /// A matrix that has not begun.
    ///
    /// - Parameters:
    ///   - target: What the report calls the target.
    ///   - probe: Reads the target.
    ///   - engine: Opens connections to the target.
    public init(of plan: MatrixPlan, target: String, probe: any TargetProbing, engine: any Abandoning) {
        self.plan = plan
        self.target = target
        self.probe = probe
        self.engine = engine
    }

    /// Opens one connection, to see whether the target answers.
    ///
    /// - Throws: ``LeakCheck/Unanswered`` when it does not, and what keeps a connection from being opened at all.
    public func introduce() async throws {
        let scenario = try plan.introduction()
        let outcomes = try await engine.run(scenario: scenario, targetReading: { nil }, onProgress: { _ in }).outcomes
        guard outcomes.completed == 1 || Task.isCancelled else {
            let outcome = outcomes.failures.first?.outcome.title ?? "nothing"
            throw LeakCheck.Unanswered(description: "a first connection to \(target) came to \"\(outcome)\"")
        }
    }

    /// Measures cell after cell. A cancelled task ends this early, and the report is of the cells until then.
    ///
    /// - Throws: ``TargetFailure`` when the target has ended or cannot be read, and what keeps connections from being
    ///   opened.
    public func report(onProgress: @escaping @Sendable (Progress) -> Void) async throws -> MatrixReport {
        let first = try await quietState().memory
        let measure = Self.measure(of: first)
        await engine.openTimers()
        let before = engine.processState
        var cells: [MatrixCell] = []
        var usage = GeneratorUsage()
        for (index, place) in plan.cells.enumerated() where !Task.isCancelled {
            onProgress(.opening(cell: index + 1, place.point, place.manner))
            let cell = try await cell(index, place.point, place.manner, measure, &usage, onProgress)
            guard !Task.isCancelled else { break }
            cells.append(cell)
            onProgress(.measured(cell: index + 1, cell))
        }
        if let before { usage.note(before, after: await engine.processState(noMoreThan: before)) }
        let last = try? await probe.read().memory
        let kept = last?[measure].map { $0 - (first[measure] ?? $0) }
        return MatrixReport(
            target: target,
            plan: plan,
            measure: measure,
            cells: cells,
            generator: usage,
            keptBytes: kept
        )
    }

    /// Live bytes where they are known: pages stay with an allocator after what was in them is gone.
    private static func measure(of memory: MemoryReading) -> MemoryMeasure {
        [.ledger, .controlGroup].first { memory[$0] != nil } ?? .resident
    }

    // MARK: - A cell

    private func cell(
        _ index: Int,
        _ point: AbandonPoint,
        _ manner: AbandonManner,
        _ measure: MemoryMeasure,
        _ usage: inout GeneratorUsage,
        _ onProgress: @escaping @Sendable (Progress) -> Void
    ) async throws -> MatrixCell {
        guard plan.isApplicable(point) else {
            return MatrixCell(point: point, manner: manner, connections: 0, held: nil, gap: .notApplicable)
        }
        if point == .inClosing, manner == .closeDelivered, try await !closesConnections() {
            return MatrixCell(point: point, manner: manner, connections: 0, held: nil, gap: .notReached)
        }
        let watched = WatchedCell(measure, before: try await quietState())
        let scenario = try plan.scenario(point, manner, number: index)
        let part = try await engine.abandon(scenario) { outcomes in
            await watched.note(outcomes)
            guard outcomes.completed > 0 else { return }
            try await watch { state, elapsed in
                onProgress(.watching(cell: index + 1, elapsed: elapsed, state))
                return await watched.isDone(state, at: elapsed)
            }
        }
        usage = GeneratorUsage(merging: [usage, part])
        return await watched.cell(point, manner)
    }

    /// Whether the target closes connections that offer what it does not speak. Clients that close as well do not read
    /// what it does.
    private func closesConnections() async throws -> Bool {
        let count = Mutex(0)
        _ = try await engine.abandon(try plan.closingTrial()) { outcomes in
            count.withLock { $0 = outcomes.completed }
        }
        return count.withLock { $0 } == 1
    }

    /// Reads the target until `isDone`, the time is up, or the task is cancelled.
    private func watch(_ isDone: (TargetState, Duration) async -> Bool) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        var lastAnswer = start
        while !Task.isCancelled {
            let mayRetry = lastAnswer.duration(to: clock.now) < Self.silenceLimit
            if let state = try await read(retrying: mayRetry) {
                lastAnswer = clock.now
                let elapsed = start.duration(to: lastAnswer)
                if await isDone(state, elapsed) || elapsed >= plan.settle { return }
            }
            try? await Task.sleep(for: CellWatch.interval(at: start.duration(to: clock.now)))
        }
    }

    /// The target's state; nil when its admin interface does not answer and may be asked again.
    private func read(retrying mayRetry: Bool) async throws -> TargetState? {
        do {
            return try await probe.read()
        } catch TargetFailure.unanswered where mayRetry {
            return nil
        }
    }

    /// The target once its own counters are zero; as it is where they are not read, or are not zero in time.
    private func quietState() async throws -> TargetState {
        var latest = TargetState()
        try await watch { state, _ in
            latest = state
            return state.unreturned?.isEmpty ?? true
        }
        return latest
    }
}

/// What is known of one cell while it is measured.
private actor WatchedCell {
    private var watch: CellWatch
    private var outcomes = OutcomeCounts()
    private let createdBefore: Int?
    private var created: Int?

    init(_ measure: MemoryMeasure, before state: TargetState) {
        watch = CellWatch(measure: measure, baseline: state.memory)
        createdBefore = state.connectionsCreated
    }

    func note(_ outcomes: OutcomeCounts) {
        self.outcomes = outcomes
    }

    func isDone(_ state: TargetState, at elapsed: Duration) -> Bool {
        if let createdBefore, let now = state.connectionsCreated { created = now - createdBefore }
        return watch.isDone(state, at: elapsed)
    }

    func cell(_ point: AbandonPoint, _ manner: AbandonManner) -> MatrixCell {
        // A client that says no more after its first packet does not learn that it was answered with a Retry.
        let connections = min(outcomes.completed, created ?? outcomes.completed)
        let isNoise = connections > 0 && !watch.measure.isLive && watch.isBelowNoise
        var failures = outcomes.failures.map { ($0.outcome.title, $0.count) }
        if connections < outcomes.completed { failures.append(("not accepted", outcomes.completed - connections)) }
        return MatrixCell(
            point: point,
            manner: manner,
            connections: connections,
            held: watch.held(by: watch.measure, connections: connections),
            gap: isNoise ? .belowNoise : nil,
            resident: watch.measure == .resident ? nil : watch.held(by: .resident, connections: connections),
            failures: Dictionary(failures, uniquingKeysWith: +)
        )
    }
}
