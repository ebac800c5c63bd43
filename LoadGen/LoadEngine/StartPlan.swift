import LoadModel

/// Which connections of one worker are due, and when each was meant to start. Times are counted from the start of the run.
struct StartPlan {
    private let scenario: LoadScenario
    private let share: WorkerShare
    private let schedule: ArrivalSchedule?
    /// How many connections all workers begin at most.
    private let limit: Int
    /// How many connections this worker has begun.
    private(set) var startedCount = 0
    private var isCancelled = false

    init(_ scenario: LoadScenario, share: WorkerShare) {
        self.scenario = scenario
        self.share = share
        schedule = scenario.schedule
        limit = scenario.connectionsLimit ?? .max
    }

    /// How many further connections are due at `elapsed`, while `openCount` of this worker's are open.
    func dueCount(at elapsed: Duration, openCount: Int, herd: HerdPhase) -> Int {
        guard !isExhausted(at: elapsed) else { return 0 }
        switch scenario.pace {
        case .open:
            return max(0, share.part(of: scheduledCount(at: elapsed, herd)) - startedCount)
        case .closed:
            let room = share.part(of: slotCount(at: elapsed)) - openCount
            return max(0, min(room, share.part(of: limit) - startedCount))
        }
    }

    /// Begins the next connection, which is due.
    ///
    /// - Returns: When it was meant to start.
    mutating func takeNext(at elapsed: Duration, herd: HerdPhase) -> Duration {
        defer { startedCount += 1 }
        return scheduledStart(of: startedCount, herd) ?? elapsed
    }

    /// When there may be something to begin next; nil when only the end of a connection, or never, makes something due.
    func nextStart(at elapsed: Duration, openCount: Int, herd: HerdPhase) -> Duration? {
        guard !isExhausted(at: elapsed) else { return nil }
        if dueCount(at: elapsed, openCount: openCount, herd: herd) > 0 { return elapsed }
        switch scenario.pace {
        case .open:
            guard share.number(of: startedCount) < herd.limit else { return nil }
            return scheduledStart(of: startedCount, herd)
        case .closed(let concurrency):
            let slots = slotCount(at: elapsed)
            return slots < concurrency ? slotOpening(slots, of: concurrency) : nil
        }
    }

    /// Whether no further connection begins.
    func isExhausted(at elapsed: Duration) -> Bool {
        if isCancelled || startedCount >= share.part(of: limit) { return true }
        // The schedule of an open loop ends by itself.
        guard schedule == nil, let duration = scenario.duration else { return false }
        return elapsed >= duration
    }

    /// Begins nothing any more.
    ///
    /// - Returns: How many connections were still to begin; 0 where only time would have told.
    mutating func cancel() -> Int {
        defer { isCancelled = true }
        return isCancelled || scenario.duration != nil ? 0 : share.part(of: limit) - startedCount
    }

    // MARK: - Open loop

    /// How many connections of all workers are meant to have begun.
    private func scheduledCount(at elapsed: Duration, _ herd: HerdPhase) -> Int {
        guard let schedule else { return 0 }
        let end = min(limit, herd.limit)
        return herd.first + schedule.startedCount(after: elapsed - herd.openedAt, of: end - herd.first)
    }

    private func scheduledStart(of own: Int, _ herd: HerdPhase) -> Duration? {
        schedule.map { $0.start(of: share.number(of: own) - herd.first) + herd.openedAt }
    }

    // MARK: - Closed loop

    /// How many connections all workers may have open: a ramp lets them begin one after the other.
    private func slotCount(at elapsed: Duration) -> Int {
        guard let concurrency = scenario.pace.concurrency else { return 0 }
        guard elapsed < scenario.ramp else { return concurrency }
        return min(concurrency, Int(Double(concurrency) * (elapsed / scenario.ramp)) + 1)
    }

    /// When the slot numbered `slot` opens.
    private func slotOpening(_ slot: Int, of concurrency: Int) -> Duration {
        scenario.ramp * (Double(slot) / Double(concurrency))
    }
}
