import QUICEndpoint
import QUICTransport
import QUICWorkers

/// The range of each property that has one by itself; those of ``transport`` are clients' as well. ``MemoryPlan`` checks the properties
/// against each other.
extension ServerConfiguration {
    /// Limits for one source.
    static let perSourceAccepted = 1...1_000_000
    /// Lifetimes of token keys.
    static let tokenKeyLifetimeAccepted = Duration.seconds(60)...Duration.seconds(30 * 86_400)
    /// Counts of a worker that bound each other elsewhere.
    static let workerCountsAccepted = 1...10_000_000

    /// Clients of a worker whose first datagrams may wait: 256 MiB at most.
    static let waitingInitialsAccepted = 1...65_536
    /// Handshake steps of a turn.
    static let handshakeStepsAccepted = 1...1_000_000

    /// - Throws: ``QUICWorkers/WorkerError/value(_:)`` for the first property that is out of its range.
    func checkRanges() throws(ServerError) {
        do throws(RefusedValue) {
            try RefusedValue.check(workerCount, in: 1...Self.workerCountLimit, "workerCount")
            try RefusedValue.check(eventLogCapacity, in: 0...EventLog.capacityLimit, "eventLogCapacity")
            try RefusedValue.check(tokenKeys.lifetime, in: Self.tokenKeyLifetimeAccepted, "tokenKeys.lifetime")
            try checkAdmission()
            try transport.checkRanges()
        } catch {
            throw .value(error)
        }
    }

    private func checkAdmission() throws(RefusedValue) {
        let perSource = Self.perSourceAccepted
        try RefusedValue.check(admission.connectionsPerSource, in: perSource, "admission.connectionsPerSource")
        try RefusedValue.check(admission.handshakesPerSource, in: perSource, "admission.handshakesPerSource")
        let counts = Self.workerCountsAccepted
        try RefusedValue.check(admission.handshakesInFlight, in: counts, "admission.handshakesInFlight")
        try RefusedValue.check(admission.connections, in: counts, "admission.connections")
        try RefusedValue.check(admission.sourcesLimit, in: counts, "admission.sourcesLimit")
        try RefusedValue.check(admission.waitingInitials, in: Self.waitingInitialsAccepted, "admission.waitingInitials")
        let steps = Self.handshakeStepsAccepted
        try RefusedValue.check(admission.handshakeStepsPerTurn, in: steps, "admission.handshakeStepsPerTurn")
        let orNone = 0...counts.upperBound
        try RefusedValue.check(admission.handshakesBeforeRetry, in: orNone, "admission.handshakesBeforeRetry")
        try RefusedValue.check(admission.statelessRepliesPerSecond, in: orNone, "admission.statelessRepliesPerSecond")
    }
}
