import QUICEndpoint
import QUICTransport
import QUICWorkers
import TextValues

/// The range of each property that has one by itself. ``MemoryPlan`` checks the properties against each other.
extension ServerConfiguration {
    /// Timeouts: long enough for a round trip, and never none.
    static let timeoutAccepted = Duration.milliseconds(10)...Duration.seconds(86_400)
    /// Bytes of progress: any at all, up to what nobody is asked for in a minute.
    static let minimumProgressBytesAccepted = 1...(1 << 20)
    /// Receive windows: a full packet at least.
    static let windowBytesAccepted = 2_048...(1 << 30)
    /// Limits for one source.
    static let perSourceAccepted = 1...1_000_000
    /// Packets a second that may bring nothing.
    static let uselessPacketsAccepted = 100...10_000_000
    /// Lifetimes of token keys.
    static let tokenKeyLifetimeAccepted = Duration.seconds(60)...Duration.seconds(30 * 86_400)
    /// Counts of a worker that bound each other elsewhere.
    static let workerCountsAccepted = 1...10_000_000

    /// Clients of a worker whose first datagrams may wait: 128 MiB at most.
    static let waitingInitialsAccepted = 1...65_536
    /// Handshake steps of a turn.
    static let handshakeStepsAccepted = 1...1_000_000

    /// - Throws: ``QUICWorkers/WorkerError/value(_:)`` for the first property that is out of its range.
    func checkRanges() throws(ServerError) {
        do throws(RefusedValue) {
            try Self.check(workerCount, in: 1...Self.workerCountLimit, "workerCount")
            try Self.check(eventLogCapacity, in: 0...EventLog.capacityLimit, "eventLogCapacity")
            try Self.check(tokenKeys.lifetime, in: Self.tokenKeyLifetimeAccepted, "tokenKeys.lifetime")
            try checkAdmission()
            try checkTimeouts()
            try checkPackets()
            try Self.check(transport.streamWindow, "transport.streamWindow")
            try Self.check(transport.connectionWindow, "transport.connectionWindow")
        } catch {
            throw .value(error)
        }
    }

    private func checkAdmission() throws(RefusedValue) {
        try Self.check(admission.connectionsPerSource, in: Self.perSourceAccepted, "admission.connectionsPerSource")
        try Self.check(admission.handshakesPerSource, in: Self.perSourceAccepted, "admission.handshakesPerSource")
        let counts = Self.workerCountsAccepted
        try Self.check(admission.handshakesInFlight, in: counts, "admission.handshakesInFlight")
        try Self.check(admission.connections, in: counts, "admission.connections")
        try Self.check(admission.sourcesLimit, in: counts, "admission.sourcesLimit")
        try Self.check(admission.waitingInitials, in: Self.waitingInitialsAccepted, "admission.waitingInitials")
        let steps = Self.handshakeStepsAccepted
        try Self.check(admission.handshakeStepsPerTurn, in: steps, "admission.handshakeStepsPerTurn")
        let orNone = 0...counts.upperBound
        try Self.check(admission.handshakesBeforeRetry, in: orNone, "admission.handshakesBeforeRetry")
        try Self.check(admission.statelessRepliesPerSecond, in: orNone, "admission.statelessRepliesPerSecond")
    }

    private func checkTimeouts() throws(RefusedValue) {
        let accepted = Self.timeoutAccepted
        try Self.check(transport.idleTimeout, in: accepted, "transport.idleTimeout")
        try Self.check(transport.handshakeTimeout, in: accepted, "transport.handshakeTimeout")
        try Self.check(transport.acknowledgementTimeout, in: accepted, "transport.acknowledgementTimeout")
        try Self.check(transport.noProgressTimeout, in: accepted, "transport.noProgressTimeout")
        try Self.check(transport.lifetime, in: accepted, "transport.lifetime")
    }

    private func checkPackets() throws(RefusedValue) {
        let progress = Self.minimumProgressBytesAccepted
        guard progress.contains(transport.minimumProgressBytes) else {
            throw RefusedValue(
                property: "transport.minimumProgressBytes",
                value: ByteCountText.format(transport.minimumProgressBytes),
                accepted: Self.text(progress)
            )
        }
        let packets = Self.uselessPacketsAccepted
        try Self.check(transport.uselessPacketsPerSecond, in: packets, "transport.uselessPacketsPerSecond")
        let whenBusy = transport.uselessPacketsPerSecondWhenBusy
        try Self.check(whenBusy, in: packets, "transport.uselessPacketsPerSecondWhenBusy")
        try Self.check(transport.datagramsPerTurn, in: 1...65_536, "transport.datagramsPerTurn")
        try Self.check(transport.waitingDatagrams, in: 0...65_536, "transport.waitingDatagrams")
        try Self.check(transport.queuedDatagrams, in: 0...65_536, "transport.queuedDatagrams")
    }

    private static func check(_ count: Int?, in accepted: ClosedRange<Int>, _ property: String) throws(RefusedValue) {
        guard let count, !accepted.contains(count) else { return }
        let text = "\(accepted.lowerBound) to \(accepted.upperBound)"
        throw RefusedValue(property: property, value: "\(count)", accepted: text)
    }

    private static func check(
        _ time: Duration?,
        in accepted: ClosedRange<Duration>,
        _ property: String
    ) throws(RefusedValue) {
        guard let time, !accepted.contains(time) else { return }
        let text = "\(DurationText.format(accepted.lowerBound)) to \(DurationText.format(accepted.upperBound))"
        throw RefusedValue(property: property, value: DurationText.format(time), accepted: text)
    }

    private static func check(_ window: WindowRange, _ property: String) throws(RefusedValue) {
        let accepted = windowBytesAccepted
        guard !accepted.contains(window.initialBytes) || !accepted.contains(window.maximumBytes) else { return }
        throw RefusedValue(property: property, value: "\(window)", accepted: text(accepted))
    }

    private static func text(_ bytes: ClosedRange<Int>) -> String {
        "\(ByteCountText.format(bytes.lowerBound)) to \(ByteCountText.format(bytes.upperBound))"
    }
}
