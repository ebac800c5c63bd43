import TextValues

/// One leak check: cycles of connections, with a reading of the target after each, and a report of what they say.
public struct LeakCheck: Sendable {
    /// The target did not do for one connection what the check is to do with thousands.
    public struct Unanswered: Error, Equatable, CustomStringConvertible {
        /// What became of that connection.
        public let description: String
    }

    /// Where a check stands.
    public enum Progress: Sendable, Equatable {
        /// A cycle opens its connections.
        case opening(cycle: Int)
        /// A cycle's connections have ended, and the target has time to give back what it held.
        case settling(cycle: Int, elapsed: Duration, TargetState)
        /// The target has settled.
        case settled(cycle: Int, elapsed: Duration, TargetState)
    }

    private let plan: LeakPlan
    private let target: String
    private let probe: any TargetProbing
    private let run: @Sendable (LoadScenario) async throws -> OutcomeCounts
    private let pollInterval: Duration

    /// A check that has not begun.
    ///
    /// - Parameters:
    ///   - target: What the report calls the target.
    ///   - probe: Reads the target.
    ///   - pollInterval: How often the target is looked at.
    ///   - run: Carries one scenario out against the target; ends early in a cancelled task.
    public init(
        of plan: LeakPlan,
        target: String,
        probe: any TargetProbing,
        pollInterval: Duration = .milliseconds(250),
        run: @escaping @Sendable (LoadScenario) async throws -> OutcomeCounts
    ) {
        self.plan = plan
        self.target = target
        self.probe = probe
        self.pollInterval = pollInterval
        self.run = run
    }

    /// Opens one connection, to see whether the target answers.
    ///
    /// - Throws: ``Unanswered`` when it does not, and what keeps a connection from being opened at all.
    public func introduce() async throws {
        let outcomes = try await run(try plan.introduction())
        guard outcomes.completed == 1 || Task.isCancelled else {
            let outcome = outcomes.failures.first?.outcome.title ?? "nothing"
            throw Unanswered(description: "a first connection to \(target) came to \"\(outcome)\"")
        }
    }

    /// Carries the check out. A cancelled task ends it early, and the report is of the cycles until then.
    ///
    /// - Throws: ``TargetFailure`` when the target cannot be read, and what keeps connections from being opened.
    public func report(onProgress: @escaping @Sendable (Progress) -> Void) async throws -> LeakReport {
        let before = try await probe.read()
        var cycles: [LeakReport.Cycle] = []
        for number in 1...plan.cycles {
            onProgress(.opening(cycle: number))
            let (connections, outcomes) = try await open(cycle: number)
            let (state, time) = try await settle(cycle: number, onProgress)
            guard !Task.isCancelled else { break }
            onProgress(.settled(cycle: number, elapsed: time, state))
            cycles.append(LeakReport.Cycle(connections: connections, outcomes: outcomes, settle: time, state: state))
        }
        return LeakReport(target: target, plan: plan, before: before, cycles: cycles)
    }

    /// Opens the connections of a cycle.
    ///
    /// - Returns: How many of them the target had to hold something for, and how all of them ended.
    private func open(cycle: Int) async throws -> (connections: Int, outcomes: OutcomeCounts) {
        var connections = 0
        var outcomes = OutcomeCounts()
        for (manner, scenario) in try plan.scenarios(ofCycle: cycle) where !Task.isCancelled {
            let part = try await watched { try await run(scenario) }
            connections += manner.heldCount(part)
            outcomes.add(part)
        }
        return (connections, outcomes)
    }

    /// Carries `body` out, and ends it when the target ends.
    private func watched(
        _ body: @escaping @Sendable () async throws -> OutcomeCounts
    ) async throws -> OutcomeCounts {
        try await withThrowingTaskGroup(of: OutcomeCounts?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while !Task.isCancelled {
                    try probe.check()
                    try? await Task.sleep(for: pollInterval)
                }
                return nil
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let outcomes = ended { return outcomes }
            }
            return OutcomeCounts()
        }
    }

    /// Reads the target until it has settled, or the task is cancelled.
    private func settle(
        cycle: Int,
        _ onProgress: @Sendable (Progress) -> Void
    ) async throws -> (TargetState, Duration) {
        let clock = ContinuousClock()
        let start = clock.now
        var watch = SettleWatch(wait: plan.settle)
        var state = TargetState()
        var isSettled = false
        while !isSettled, !Task.isCancelled {
            let elapsed = start.duration(to: clock.now)
            if let read = try await read(retrying: elapsed < watch.limit) {
                state = read
                isSettled = watch.isSettled(state, at: elapsed)
                onProgress(.settling(cycle: cycle, elapsed: elapsed, state))
            }
            if !isSettled { try? await Task.sleep(for: pollInterval) }
        }
        return (state, start.duration(to: clock.now))
    }

    /// The target's state; nil when its admin interface does not answer and may be asked again.
    private func read(retrying mayRetry: Bool) async throws -> TargetState? {
        do {
            return try await probe.read()
        } catch TargetFailure.unanswered where mayRetry {
            return nil
        }
    }
}
