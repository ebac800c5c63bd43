import Synchronization
import TextValues

/// Looks at a target over and over, and keeps what a report needs: asks the server for its statistics, and the kernel
/// for the memory of its process or control group.
actor TargetWatch {
    /// What the server said; nil when it is not asked.
    private(set) var server: ServerObservation?
    /// What the kernel said; nil when it is not asked.
    private(set) var memory: MemoryObservation?
    /// What was last known, for anyone who samples; nil once nothing is known any more.
    let latest = LatestReading()

    private let reader: (any ServerReading)?
    private let probe: (any TargetProbing)?
    private let interval: Duration

    init(reader: (any ServerReading)?, probe: (any TargetProbing)?, interval: Duration) {
        self.reader = reader
        self.probe = probe
        self.interval = interval
        server = reader.map { _ in ServerObservation() }
        memory = probe.map { _ in MemoryObservation() }
    }

    /// Looks once.
    func sample(_ phase: ObservationPhase) async {
        var reading = TargetReading()
        if let snapshot = await snapshot(phase) { reading = TargetReading(snapshot) }
        if let state = await state(phase) { reading.add(state.memory) }
        // An answer that was cut off by the end of the run is not the last word.
        guard !Task.isCancelled || phase == .after else { return }
        latest.set(reading == TargetReading() ? nil : reading)
    }

    private func snapshot(_ phase: ObservationPhase) async -> ServerSnapshot? {
        guard let reader else { return nil }
        do {
            let snapshot = try await reader.snapshot()
            server?.record(snapshot, phase)
            return snapshot
        } catch {
            // An answer that was cut off by the end of the run is not the server's failure.
            if !Task.isCancelled { server?.recordFailure("\(error)", phase) }
            return nil
        }
    }

    private func state(_ phase: ObservationPhase) async -> TargetState? {
        guard let probe else { return nil }
        do throws(TargetFailure) {
            let state = try await probe.read()
            memory?.record(state.memory, phase)
            return state
        } catch {
            memory?.recordFailure("\(error)", phase)
            return nil
        }
    }

    /// Looks once per interval until the task is cancelled.
    func sampleUntilCancelled() async {
        while !Task.isCancelled {
            await sample(.during)
            try? await Task.sleep(for: interval)
        }
    }

    /// Looks once per interval until the server meets `expectations`, or their time is up, or the task is cancelled.
    func awaitReturn(_ expectations: ServerExpectations) async {
        let clock = ContinuousClock()
        let start = clock.now
        await sample(.after)
        while server != nil, !expectations.isEmpty, !Task.isCancelled {
            if meets(expectations) {
                server?.returnSeconds = start.duration(to: clock.now).fractionalSeconds
                return
            }
            guard start.duration(to: clock.now) < expectations.returnTimeout else { return }
            try? await Task.sleep(for: interval)
            await sample(.after)
        }
    }

    private func meets(_ expectations: ServerExpectations) -> Bool {
        guard let before = server?.before, let after = server?.after else { return false }
        return expectations.areMet(by: after, since: before)
    }
}

/// The latest reading of a target, for threads that cannot wait for an actor.
final class LatestReading: Sendable {
    private let reading = Mutex<TargetReading?>(nil)

    var value: TargetReading? { reading.withLock { $0 } }

    func set(_ value: TargetReading?) {
        reading.withLock { $0 = value }
    }
}
