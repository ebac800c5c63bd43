import Datagrams
import QUICTransport

/// Decides about first packets by what is already in flight, and by the token they bring.
struct Admission {
    let limits: AdmissionLimits

    /// - Parameters:
    ///   - verdict: What the packet's token proves.
    ///   - counts: The endpoint's connections at this moment.
    func decide(_ verdict: AddressValidation.Verdict, counts: ConnectionCounts, isShuttingDown: Bool)
        -> AdmissionDecision
    {
        if isShuttingDown { return .refuseShutdown }
        if verdict == .invalid { return .rejectToken }
        if counts.live >= limits.connections { return .refuseConnections }
        if counts.handshaking >= limits.handshakesInFlight { return .refuseHandshakes }
        if case .retried(let original) = verdict { return .accept(retriedFrom: original) }
        let mustProve =
            switch limits.retryPolicy {
            case .always: true
            case .never: false
            case .auto: counts.handshaking >= limits.handshakesBeforeRetry
            }
        return mustProve && verdict != .known ? .retry : .accept(retriedFrom: nil)
    }
}
