import Datagrams

/// Probing a peer that acknowledges nothing, beyond the probes of loss recovery.
///
/// RFC 9002 §6.2.1: when a PTO timer expires, the PTO backoff MUST be increased, resulting in the PTO period being set to
/// twice its current value. After 15 s without an acknowledgement the next probe comes after the idle timeout, and a path that
/// heals meanwhile heals for nothing. So a peer that is heard is probed at once, and one that is not is probed twice more
/// shortly before the idle timeout.
///
/// ngtcp2 sends a PING when it is asked to while the congestion window has room. When it is full, only the two probes of a
/// probe timeout may leave. They leave one after the other then, and those of the last timeout when the peer is heard or the
/// last chances come. Probes are in flight as well, so this begins before they fill the window.
///
/// ngtcp2 has no probe timeout for a PING that is lost: the packet stays in flight until a later one is acknowledged. Nothing
/// is held back for such a one, or an application that sends again after a pause would wait for the idle timeout.
///
/// It reads the state of the connection it belongs to: most of it only while the peer is silent, since it takes calls of ngtcp2's.
struct Probing {
    private var watch = AcknowledgementWatch()
    /// Whether a PING is to be sent at once.
    private(set) var wantsPing = false
    /// Whether a probe that is held back may leave.
    private var mayProbe = false
    /// Whether the application gave a command since the connection last could send.
    private var hasCommand = false

    /// After this long, probes no longer make up for lost packets: the path is gone, at least for a while.
    private static let pairedProbesNanoseconds: UInt64 = 2_000_000_000
    /// How long before the idle timeout the last two probes are sent, unless their answers may take longer.
    private static let lastProbeLeads = (first: Duration.milliseconds(800), second: Duration.milliseconds(500))
    /// The time an answer may take beyond a round trip.
    private static let answerSlack = Duration.milliseconds(50)
    /// No idle timeout has a last chance earlier than so long after the peer was heard.
    private static let earliestChanceNanoseconds: UInt64 = 500_000_000
    /// Two probes and a PING, and one packet more.
    private static let roomForProbes = 4 * UInt64(TransportConfiguration.receivedDatagramBytesLimit)

    /// Whether packets are in flight without one of them having been acknowledged for as long as `duration`.
    func isSilent(for duration: Duration, at now: MonotonicInstant) -> Bool {
        watch.isSilent(for: duration, at: now)
    }

    /// When packets will have been in flight for `duration` without one of them having been acknowledged; the distant future while
    /// none is.
    func silenceEnd(after duration: Duration) -> MonotonicInstant {
        watch.silenceEnd(after: duration)
    }

    /// Whether a PING that is wanted may be sent now: ngtcp2 writes none at the moment of the last packet received.
    func sendsPing(at now: MonotonicInstant) -> Bool {
        wantsPing && (!watch.isSilent || watch.afterLastHeard <= now)
    }
}

// MARK: - Events

extension Probing {
    /// A PING is to be sent.
    mutating func askForPing() {
        wantsPing = true
    }

    /// ngtcp2 is offered to send a PING.
    mutating func noteOfferedPing() {
        wantsPing = false
    }

    /// The application gave a command.
    mutating func noteCommand() {
        hasCommand = true
    }

    /// A packet of the peer's was opened.
    mutating func noteHeard(by connection: Connection, bytesInFlight before: UInt64) {
        guard watch.isSilent else { return }
        let wantsProbe = watch.noteHeard(
            bytesInFlight: before,
            after: connection.pathState.inFlightBytes,
            probeTimeoutNanoseconds: connection.probeTimeoutNanoseconds,
            at: connection.now
        )
        mayProbe = true
        if wantsProbe { wantsPing = true }
    }

    /// A burst has left, if `hasPackets`.
    ///
    /// - Parameter holdsProbes: Whether packets beyond the first had to wait.
    mutating func noteBurst(
        bytesInFlight before: UInt64,
        after: UInt64,
        hasPackets: Bool,
        holdsProbes: Bool,
        at now: MonotonicInstant
    ) {
        // An acknowledgement that is delayed takes the permission to leave later.
        mayProbe = holdsProbes && !hasPackets
        if !holdsProbes { hasCommand = false }
        watch.noteSent(bytesInFlight: before, after: after, at: now)
    }

    /// Lets a probe go that is due, whether or not ngtcp2 has one.
    mutating func probe(for connection: Connection) {
        guard watch.isSilent else { return }
        if lastChance(of: connection) <= connection.now {
            watch.takeLastChance()
            wantsPing = true
        }
        if wantsPing { mayProbe = true }
    }

    /// A timer of ngtcp2's has expired: that of a probe, or that of its pacing, which asks for the second one at once.
    ///
    /// - Returns: Whether ngtcp2 may take it. Otherwise a probe leaves that is left from the timeout before, and sets the timer anew.
    mutating func noteTimer(of connection: Connection) -> Bool {
        let now = connection.now
        guard watch.isSilent, watch.isProbeTimeoutDue(at: now) else { return true }
        guard holds(connection.pathState, of: connection) else {
            mayProbe = true
            return true
        }
        let end = Self.lastChances(of: connection).map { watch.lastHeard.advanced(by: $0.idleTimeout - $0.leads.first) }
        let timeout = watch.takeProbeTimeout(before: end ?? .distantFuture, at: now)
        mayProbe = mayProbe || timeout != .none
        return timeout != .second
    }
}

// MARK: - Waiting

extension Probing {
    /// Whether packets beyond the first wait: the congestion window is nearly full, so that they could only be probes.
    func holds(_ path: PathState, of connection: Connection) -> Bool {
        let room = min(Self.roomForProbes, path.congestionWindowBytes / 2)
        let now = connection.now
        return path.inFlightBytes + room > path.congestionWindowBytes && connection.state == .established
            && !connection.isMigrating && watch.isSilent(forNanoseconds: Self.pairedProbesNanoseconds, at: now)
            && now < unarmedAt(connection)
    }

    /// Whether a burst has to wait: probes are held back, and none may leave.
    func isHeldBack(_ holdsProbes: Bool) -> Bool { holdsProbes && !mayProbe }

    /// When the silence of the peer asks for something: a PING, the last probe, or the end.
    func deadline(of connection: Connection) -> MonotonicInstant {
        guard watch.isSilent else { return .distantFuture }
        // With a permission it waits for nothing but to be written.
        let ping = wantsPing && !mayProbe ? watch.afterLastHeard : .distantFuture
        let end = end(after: connection.configuration.acknowledgementTimeout)
        return min(ping, lastChance(of: connection), end, holdEnd(of: connection))
    }

    /// When nothing was acknowledged for too long.
    func end(after timeout: Duration?) -> MonotonicInstant {
        timeout.map { watch.deadline($0) } ?? .distantFuture
    }

    /// When what the application wants no longer waits for a probe timeout; the distant future once it does not.
    private func holdEnd(of connection: Connection) -> MonotonicInstant {
        guard hasCommand || connection.hasDataToSend else { return .distantFuture }
        // A deadline is asked for with each packet, and ngtcp2 only once the peer has been silent for some time.
        let earliest = watch.unarmedAt(probeTimeoutNanoseconds: 0)
        guard earliest <= connection.now else { return earliest }
        let end = unarmedAt(connection)
        return end <= connection.now ? .distantFuture : end
    }

    /// When a probe timeout would long have expired.
    private func unarmedAt(_ connection: Connection) -> MonotonicInstant {
        watch.unarmedAt(probeTimeoutNanoseconds: connection.probeTimeoutNanoseconds)
    }

    private func lastChance(of connection: Connection) -> MonotonicInstant {
        guard connection.state == .established else { return .distantFuture }
        // A deadline is asked for with each packet, and ngtcp2 only once the peer has been silent for some time.
        let earliest = watch.lastChance(
            firstNanoseconds: Self.earliestChanceNanoseconds,
            secondNanoseconds: Self.earliestChanceNanoseconds
        )
        guard earliest <= connection.now else { return earliest }
        guard let (idleTimeout, leads) = Self.lastChances(of: connection) else { return .distantFuture }
        return watch.lastChance(
            firstNanoseconds: (idleTimeout - leads.first).nativeNanoseconds,
            secondNanoseconds: (idleTimeout - leads.second).nativeNanoseconds
        )
    }

    /// The idle timeout, and how long before it the last two probes are sent; nil where there is none.
    ///
    /// The first of them leaves while there is time for an answer that takes as long as answers did, queues included. In that time
    /// the path may heal: so the second one waits until an answer has to come without delay, as it does on a path that was not
    /// used. No round trip is believed to take longer than by satellite: on a busy machine the shortest one may be mere waiting.
    private static func lastChances(
        of connection: Connection
    ) -> (idleTimeout: Duration, leads: (first: Duration, second: Duration))? {
        guard let idleTimeout = connection.agreedIdleTimeout else { return nil }
        let path = connection.pathState
        let least = lastProbeLeads
        let first = max(least.first, path.smoothedRoundTrip + answerSlack)
        let second = min(max(least.second, path.shortestRoundTrip + answerSlack), least.first - answerSlack)
        return (idleTimeout, (first: min(first, idleTimeout / 4), second: min(second, idleTimeout / 6)))
    }
}

extension Connection {
    /// How long the closing and draining states last.
    ///
    /// RFC 9000 §10.2: these states SHOULD persist for at least three times the current PTO interval.
    public var closingPeriod: Duration { probeTimeout * 3 }

    /// The time after which a packet in flight is probed for. RFC 9002 §6.2.1.
    var probeTimeout: Duration { .nanoseconds(Int64(clamping: probeTimeoutNanoseconds)) }
    var probeTimeoutNanoseconds: UInt64 { native?.probeTimeoutNanoseconds ?? 0 }

    /// The idle timeout that holds for both sides; nil for none.
    ///
    /// RFC 9000 §10.1: "Each endpoint advertises a max_idle_timeout, but the effective value at an endpoint is computed as the
    /// minimum of the two advertised values (or the sole advertised value, if only one endpoint advertises a non-zero value)."
    fileprivate var agreedIdleTimeout: Duration? {
        let ours = configuration.idleTimeout.nativeNanoseconds
        let theirs = native?.peerParameters?.idleTimeoutNanoseconds ?? 0
        // Zero stands for none.
        let effective = ours > 0 && theirs > 0 ? min(ours, theirs) : max(ours, theirs)
        return effective > 0 ? .nanoseconds(Int64(clamping: effective)) : nil
    }
}
