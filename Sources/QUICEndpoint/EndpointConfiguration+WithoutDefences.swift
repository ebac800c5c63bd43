#if NEGATIVE_CONTROLS
import QUICTransport

/// The negative control `defences-off`.
extension EndpointConfiguration {
    /// The same without any limit, deadline or rate that the application has against hostile clients, but for the number of
    /// connections, which keeps the machine alive.
    var withoutDefences: EndpointConfiguration {
        var undefended = self
        undefended.admission.retryPolicy = .never
        undefended.admission.handshakesInFlight = .max
        undefended.admission.connectionsPerSource = nil
        undefended.admission.handshakesPerSource = nil
        undefended.admission.blocksPorts = false
        undefended.admission.statelessRepliesPerSecond = 1_000_000_000
        undefended.transport.handshakeBytesLimit = .max
        undefended.transport.connectionBytesLimit = .max
        undefended.transport.handshakeTimeout = .seconds(86_400)
        undefended.transport.acknowledgementTimeout = nil
        undefended.transport.noProgressTimeout = nil
        undefended.transport.lifetime = nil
        undefended.transport.retainedBytesLimit = nil
        undefended.transport.datagramsPerTurn = .max
        undefended.transport.uselessPacketsPerSecond = nil
        undefended.transport.uselessPacketsPerSecondWhenBusy = nil
        return undefended
    }
}
#endif
