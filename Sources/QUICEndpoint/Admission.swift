import Datagrams
import QUICTransport

/// Decides about first packets by what is already in flight, and by the token they bring.
struct Admission {
    /// What there is at this moment.
    struct Load {
        /// The endpoint's connections.
        var counts: ConnectionCounts
        /// Those of the packet's source.
        var source = SourceCounts()
        /// Whether a connection of that source would be counted.
        var hasRoomForSource = true
        /// Whether the process has memory for another connection.
        var hasMemory = true
        /// Whether the endpoint is going away: it drains, or is shutting down.
        var isShuttingDown = false
    }

    let limits: AdmissionLimits

    /// - Parameter verdict: What the packet's token proves.
    func decide(_ verdict: AddressValidation.Verdict, _ load: Load) -> AdmissionDecision {
        if load.isShuttingDown { return .refuseShutdown }
        if verdict == .invalid { return .rejectToken }
        if load.counts.live >= limits.connections { return .refuseConnections }
        if load.counts.handshaking >= limits.handshakesInFlight { return .refuseHandshakes }
        if !load.hasMemory { return .refuseMemory }
        if refusesSource(load.source, isProven: verdict.provesAddress) { return .refuseSource }
        switch verdict {
        // RFC 9000 §17.2.5.2: after the client has received and processed a Retry packet, it MUST discard any subsequent
        // ones. A further one would lock out who was taken by mistake for somebody that used the token before.
        case .retried(let original), .retriedAgain(let original): return .accept(retriedFrom: original)
        case .known: return .accept(retriedFrom: nil)
        case .unvalidated, .invalid: return mustProve(load) ? .retry : .accept(retriedFrom: nil)
        }
    }

    /// Whether a client that would be accepted, if there were time for it and room to wait, is to come again with the answer to a Retry.
    func mayAskToWait(_ verdict: AddressValidation.Verdict) -> Bool {
        limits.retryPolicy != .never && verdict == .unvalidated
    }

    private func mustProve(_ load: Load) -> Bool {
        switch limits.retryPolicy {
        case .always: true
        case .never: false
        case .auto:
            load.counts.handshaking >= limits.handshakesBeforeRetry || !load.hasRoomForSource
                || load.source.handshaking >= limits.handshakesPerSource ?? .max
                || load.source.live >= unprovenConnectionsPerSource
        }
    }

    /// Connections of one source that clients may make without having proven their addresses: half of what it may have, so
    /// that those who forge its address leave it the other half.
    private var unprovenConnectionsPerSource: UInt32 {
        limits.connectionsPerSource.map { UInt32(clamping: $0 / 2) } ?? .max
    }

    /// Whether the source has as much as it may.
    ///
    /// Anyone can send first packets in another's name. Those alone never use up what a source may have in flight, since
    /// clients that have proven their address may have as many again.
    private func refusesSource(_ source: SourceCounts, isProven: Bool) -> Bool {
        if source.live >= limits.connectionsPerSource ?? .max { return true }
        guard let handshakes = limits.handshakesPerSource else { return false }
        let mayProve = limits.retryPolicy != .never
        return source.handshaking >= (isProven || mayProve ? 2 * handshakes : handshakes)
    }
}
