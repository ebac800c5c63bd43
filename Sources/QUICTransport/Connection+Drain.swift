import Datagrams

/// The end of a connection whose server drains: in order, once nothing is left to do on it.
extension Connection {
    /// The probe timeouts after which a packet of an otherwise finished connection is no longer waited for. Loss recovery has repeated
    /// it by then, unless it was a PING or a probe of the path's MTU, which it does not repeat.
    private static let patienceInProbeTimeouts = 3

    /// Tells the service that the connection should finish, once; it ends when its streams have.
    ///
    /// A peer may have begun a stream before it knows. So the connection is kept for one probe timeout at least, within which such
    /// a stream arrives. RFC 9114 §5.2 asks servers for the same: "allowing at least one round-trip time".
    package func beginDrain() {
        guard drainEnd == .distantFuture, let service else { return }
        // Outside of an event it has the time of the endpoint, and is to be asked whether it has finished.
        guard beginCommand() else { return }
        drainEnd = now.advanced(by: probeTimeout)
        service.connectionShouldFinish(self)
    }

    /// Whether the server drains and nothing of the connection is left: no stream that holds it up, and nothing on its way.
    func hasDrained(at now: MonotonicInstant) -> Bool {
        guard drainEnd <= now, hasFinished else { return false }
        return bytesInFlight == 0 || acknowledgements.isSilent(for: drainPatience, at: now)
    }

    /// When to ask ``hasDrained(at:)`` although nothing has happened.
    var drainDeadline: MonotonicInstant {
        guard drainEnd <= now else { return drainEnd }
        let end = hasFinished ? acknowledgements.silenceEnd(after: drainPatience) : .distantFuture
        // An end that is due already is looked at in each turn, and is no reason to come back.
        return end > now ? end : .distantFuture
    }

    private var drainPatience: Duration { probeTimeout * Self.patienceInProbeTimeouts }

    /// Whether the application has nothing left to send or to receive. Early data is not acknowledged before the handshake is complete.
    private var hasFinished: Bool {
        !isHandshaking && !streams.contains(where: \.holdsUpDrain) && waiting == nil
            && datagramFrames?.isEmpty != false
    }
}
