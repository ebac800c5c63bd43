public import LoadModel

extension LoadEngine: Abandoning {
    /// Abandons connections on a thread of its own; see ``Abandoning``.
    ///
    /// - Throws: When the scenario is not accepted, a socket cannot be opened, or TLS cannot be set up, and what `watch`
    ///   throws.
    public func abandon(
        _ scenario: AbandonScenario,
        watch: @escaping @Sendable (OutcomeCounts) async throws -> Void
    ) async throws -> GeneratorUsage {
        try scenario.load.validate()
        let before = ProcessUsage.current()
        var usage = try await carryOut(scenario, watch)
        // Of the cell nothing but what was measured is left.
        let after = ProcessUsage.current()
        usage.cpuSeconds = after.cpuSeconds - before.cpuSeconds
        usage.peakResidentBytes = after.peakResidentBytes
        usage.heapGrowthBytes = after.heapInUseBytes - before.heapInUseBytes
        return usage
    }

    private func carryOut(
        _ scenario: AbandonScenario,
        _ watch: @Sendable (OutcomeCounts) async throws -> Void
    ) async throws -> GeneratorUsage {
        let control = RunControl(workers: 1)
        let driver = Handover(
            try AbandonDriver(
                scenario: scenario,
                target: target,
                localAddresses: try localAddresses(of: scenario.load),
                control: control
            )
        )
        return try await withTaskCancellationHandler {
            let vanished = try await LoadThread.run("abandon") { try Vanished(of: driver, scenario.manner) }
            defer { vanished.closeSockets() }
            try await watch(vanished.outcomes)
            return vanished.usage
        } onCancel: {
            control.cancel()
        }
    }
}

/// What is left of clients that have vanished.
///
/// Owns: their sockets, as long as their manner is to leave them open. Released by: ``closeSockets()``.
private struct Vanished: Sendable {
    let outcomes: OutcomeCounts
    let usage: GeneratorUsage
    private let sockets: Handover<AbandonDriver>?

    /// Carries out what `driver` is to do, on the calling thread.
    init(of driver: Handover<AbandonDriver>, _ manner: AbandonManner) throws {
        guard let driver = driver.take() else { preconditionFailure("a driver runs once") }
        try driver.run()
        outcomes = driver.outcomes
        usage = driver.usage
        sockets = manner == .sourceAddressGone ? nil : Handover(driver)
    }

    func closeSockets() {
        _ = sockets?.take()
    }
}
