import TextValues

/// Asks a server for its statistics over and over, and keeps what a report needs of the answers.
actor ServerWatch {
    private(set) var observation = ServerObservation()

    private let reader: any ServerReading
    private let interval: Duration

    init(reader: any ServerReading, interval: Duration) {
        self.reader = reader
        self.interval = interval
    }

    /// Asks once.
    func sample(_ phase: ServerObservation.Phase) async {
        do {
            observation.record(try await reader.snapshot(), phase)
        } catch {
            // An answer that was cut off by the end of the run is not the server's failure.
            guard !Task.isCancelled else { return }
            observation.recordFailure("\(error)", phase)
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
