import Synchronization
import TextValues

/// Asks a server for its statistics over and over, and keeps what a report needs of the answers.
actor ServerWatch {
    private(set) var observation = ServerObservation()
    /// What the server said last, for anyone who samples; nil once it no longer answers.
    let latest = LatestReading()

    private let reader: any ServerReading
    private let interval: Duration

    init(reader: any ServerReading, interval: Duration) {
        self.reader = reader
        self.interval = interval
    }

    /// Asks once.
    func sample(_ phase: ServerObservation.Phase) async {
        do {
            let snapshot = try await reader.snapshot()
            observation.record(snapshot, phase)
            latest.set(TargetReading(snapshot))
        } catch {
            // An answer that was cut off by the end of the run is not the server's failure.
            guard !Task.isCancelled else { return }
            observation.recordFailure("\(error)", phase)
            latest.set(nil)
        }
    }

    /// Asks once per interval until the task is cancelled.
    func sampleUntilCancelled() async {
        while !Task.isCancelled {
            await sample(.during)
            try? await Task.sleep(for: interval)
        }
    }

    /// Asks once per interval until the server meets `expectations`, or their time is up, or the task is cancelled.
    func awaitReturn(_ expectations: ServerExpectations) async {
        let clock = ContinuousClock()
        let start = clock.now
        await sample(.after)
        while !expectations.isEmpty, !Task.isCancelled {
            if meets(expectations) {
                observation.returnSeconds = start.duration(to: clock.now).fractionalSeconds
                return
            }
            guard start.duration(to: clock.now) < expectations.returnTimeout else { return }
            try? await Task.sleep(for: interval)
            await sample(.after)
        }
    }

    private func meets(_ expectations: ServerExpectations) -> Bool {
        guard let before = observation.before, let after = observation.after else { return false }
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
