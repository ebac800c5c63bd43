import DatagramIO
public import Datagrams
public import LoadModel

/// Opens the connections of a scenario against one server, on threads of its own.
public struct LoadEngine: LoadRunning {
    let target: SocketAddress

    /// An engine aimed at `target`.
    public init(target: SocketAddress) {
        self.target = target
    }

    /// Whether the run could be: the scenario's values are accepted, and its local addresses are of the target's family.
    ///
    /// - Throws: ``ScenarioError`` or ``EngineError``.
    public func validate(_ scenario: LoadScenario) throws {
        try scenario.validate()
        _ = try localAddresses(of: scenario)
    }

    /// What the process has open now; nil where `/proc` cannot be read.
    public var processState: ProcessState? { .current() }

    /// Opens every connection of `scenario` and returns when the last has ended.
    ///
    /// - Throws: When the scenario is not accepted, a socket cannot be opened, or TLS cannot be set up.
    public func run(
        scenario: LoadScenario,
        targetReading: @escaping @Sendable () -> TargetReading?,
        onProgress: @escaping @Sendable (LoadProgress) -> Void
    ) async throws -> LoadResult {
        try scenario.validate()
        let before = ProcessUsage.current()
        var result = try await carryOut(scenario, targetReading: targetReading, onProgress: onProgress)
        // Of the run nothing but its result is left.
        let after = ProcessUsage.current()
        result.generator.cpuSeconds = after.cpuSeconds - before.cpuSeconds
        result.generator.peakResidentBytes = after.peakResidentBytes
        result.generator.heapGrowthBytes = after.heapInUseBytes - before.heapInUseBytes - result.histogramBytes
        return result
    }

    private func carryOut(
        _ scenario: LoadScenario,
        targetReading: @escaping @Sendable () -> TargetReading?,
        onProgress: @escaping @Sendable (LoadProgress) -> Void
    ) async throws -> LoadResult {
        let herd = scenario.mode == .idleHerd ? HerdPhase(limit: min(scenario.step, scenario.connections ?? 0)) : nil
        let control = RunControl(workers: scenario.workers, herd: herd ?? HerdPhase())
        let workers = try makeWorkers(scenario, control: control)
        let startTime = MonotonicInstant.now()
        let startUnixSeconds = ProcessUsage.unixSeconds
        let monitor = RunMonitor(
            scenario: scenario,
            control: control,
            boards: workers.map(\.board),
            startTime: startTime,
            targetReading: targetReading,
            onProgress: onProgress
        )
        return try await withTaskCancellationHandler {
            async let watched = LoadThread.run("monitor") {
                var monitor = monitor
                monitor.run()
                return monitor
            }
            let results = try await Self.run(workers, from: startTime)
            var result = Self.result(of: results, watchedBy: try await watched)
            result.startUnixSeconds = startUnixSeconds
            return result
        } onCancel: {
            control.cancel()
        }
    }

    private func makeWorkers(_ scenario: LoadScenario, control: RunControl) throws -> [LoadWorker] {
        let localAddresses = try localAddresses(of: scenario)
        return try (0..<scenario.workers).map { index in
            try LoadWorker(
                scenario: scenario,
                target: target,
                localAddresses: localAddresses,
                share: WorkerShare(index: index, count: scenario.workers),
                control: control
            )
        }
    }

    /// The addresses sockets are bound to in turn, with port 0.
    func localAddresses(of scenario: LoadScenario) throws(EngineError) -> [SocketAddress] {
        guard !scenario.localAddresses.isEmpty else { return [target.anyAddress] }
        return try scenario.localAddresses.map { (text) throws(EngineError) in
            let bracketed = target.family == .ipv6 ? "[\(text)]:0" : "\(text):0"
            guard let address = SocketAddress(bracketed) else { throw .localAddress(text) }
            return address
        }
    }

    /// Runs every worker on a thread of its own. When one fails the others end early.
    private static func run(_ workers: [LoadWorker], from startTime: MonotonicInstant) async throws -> [WorkerResult] {
        try await withThrowingTaskGroup(of: WorkerResult.self) { group in
            for worker in workers {
                group.addTask {
                    do {
                        return try await LoadThread.run("worker") { try worker.run(from: startTime) }
                    } catch {
                        worker.control.cancel()
                        throw error
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Adds up what the workers measured.
    private static func result(of workers: [WorkerResult], watchedBy monitor: RunMonitor) -> LoadResult {
        var result = workers.reduce(into: LoadResult()) { $1.add(to: &$0) }
        result.timeline = monitor.recorder.timeline
        result.steps = monitor.steps
        return result
    }
}

extension SocketAddress {
    /// The address that stands for every address of this family, with any port.
    var anyAddress: SocketAddress {
        switch family {
        case .ipv4: SocketAddress(ipv4: 0, 0, 0, 0, port: 0)
        case .ipv6: SocketAddress("[::]:0") ?? self
        }
    }
}
