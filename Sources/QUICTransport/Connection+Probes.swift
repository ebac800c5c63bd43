internal import CNgtcp2
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
extension Connection {
    /// After this long, probes no longer make up for lost packets: the path is gone, at least for a while.
    private static let pairedProbesPeriod = Duration.seconds(2)
    /// How long before the idle timeout the last two probes are sent, unless their answers may take longer.
    private static let lastProbeLeads = (first: Duration.milliseconds(800), second: Duration.milliseconds(500))
    /// The time an answer may take beyond a round trip.
    private static let answerSlack = Duration.milliseconds(50)

    /// A packet of the peer's was opened.
    func noteHeard(bytesInFlight before: UInt64) {
        guard acknowledgements.isSilent, let probeTimeout = native?.probeTimeout else { return }
        let wantsProbe = acknowledgements.noteHeard(
            bytesInFlight: before,
            after: bytesInFlight,
            probeTimeout: probeTimeout,
            at: now
        )
        mayProbe = true
        if wantsProbe { wantsPing = true }
    }

    /// Two probes and a PING, and one packet more.
    private static let roomForProbes = 4 * UInt64(TransportConfiguration.receivedDatagramBytesLimit)

    /// Whether packets beyond the first wait: the congestion window is nearly full, so that they could only be probes.
    func holdsProbes(_ info: ngtcp2_conn_info, at now: MonotonicInstant) -> Bool {
        let room = min(Self.roomForProbes, info.cwnd / 2)
        return info.bytes_in_flight + room > info.cwnd && state == .established && migration?.isOver ?? true
            && acknowledgements.isSilent(for: Self.pairedProbesPeriod, at: now) && now < unarmedAt
    }

    /// When the silence of the peer asks for something: a PING, the last probe, or the end.
    var silenceDeadline: MonotonicInstant {
        guard acknowledgements.isSilent else { return .distantFuture }
        // With a permission it waits for nothing but to be written.
        let ping = wantsPing && !mayProbe ? acknowledgements.afterLastHeard : .distantFuture
        return min(ping, lastChance, acknowledgementDeadline, holdEnd)
    }

    /// When what the application wants no longer waits for a probe timeout; the distant future once it does not.
    private var holdEnd: MonotonicInstant {
        guard hasDataToSend || hasCommand else { return .distantFuture }
        // A deadline is asked for with each packet, and ngtcp2 only once the peer has been silent for some time.
        let earliest = acknowledgements.unarmedAt(.zero)
        guard earliest <= now else { return earliest }
        let end = unarmedAt
        return end <= now ? .distantFuture : end
    }

    /// When a probe timeout would long have expired.
    private var unarmedAt: MonotonicInstant {
        guard let probeTimeout = native?.probeTimeout else { return .distantFuture }
        return acknowledgements.unarmedAt(probeTimeout)
    }

    /// When nothing was acknowledged for too long.
    var acknowledgementDeadline: MonotonicInstant {
        configuration.acknowledgementTimeout.map { acknowledgements.deadline($0) } ?? .distantFuture
    }

    /// Lets a probe go that is due, whether or not ngtcp2 has one.
    func probe(at now: MonotonicInstant) {
        guard acknowledgements.isSilent else { return }
        if lastChance <= now {
            acknowledgements.takeLastChance()
            wantsPing = true
        }
        if wantsPing { mayProbe = true }
    }

    /// A timer of ngtcp2's has expired: that of a probe, or that of its pacing, which asks for the second one at once.
    ///
    /// - Returns: Whether ngtcp2 may take it. Otherwise a probe leaves that is left from the timeout before, and sets the timer anew.
    func noteTimer(at now: MonotonicInstant) -> Bool {
        guard acknowledgements.isSilent, acknowledgements.isProbeTimeoutDue(at: now) else { return true }
        guard holdsProbes(nativeInfo, at: now) else {
            mayProbe = true
            return true
        }
        let timeout = acknowledgements.takeProbeTimeout(before: firstOfLastChances, at: now)
        mayProbe = mayProbe || timeout != .none
        return timeout != .second
    }

    private var lastChance: MonotonicInstant {
        guard state == .established else { return .distantFuture }
        // A deadline is asked for with each packet, and ngtcp2 only once the peer has been silent for some time.
        let earliest = acknowledgements.lastChance(idleTimeout: Self.lastProbeLeads.second, leads: (.zero, .zero))
        guard earliest <= now else { return earliest }
        guard let (idleTimeout, leads) = lastChances else { return .distantFuture }
        return acknowledgements.lastChance(idleTimeout: idleTimeout, leads: leads)
    }

    /// When the first of the last chances comes; the distant future where there is no idle timeout.
    private var firstOfLastChances: MonotonicInstant {
        guard let (idleTimeout, leads) = lastChances else { return .distantFuture }
        return acknowledgements.lastHeard.advanced(by: idleTimeout - leads.first)
    }

    /// The idle timeout, and how long before it the last two probes are sent.
    ///
    /// The first of them leaves while there is time for an answer that takes as long as answers did, queues included. In that time
    /// the path may heal: so the second one waits until an answer has to come without delay, as it does on a path that was not
    /// used. No round trip is believed to take longer than by satellite: on a busy machine the shortest one may be mere waiting.
    private var lastChances: (idleTimeout: Duration, leads: (first: Duration, second: Duration))? {
        guard let idleTimeout = agreedIdleTimeout else { return nil }
        let info = nativeInfo
        let usualRoundTrip = Duration.nanoseconds(Int64(clamping: info.smoothed_rtt))
        let shortestRoundTrip = Duration.nanoseconds(Int64(clamping: info.min_rtt))
        let least = Self.lastProbeLeads
        let first = max(least.first, usualRoundTrip + Self.answerSlack)
        let second = min(max(least.second, shortestRoundTrip + Self.answerSlack), least.first - Self.answerSlack)
        return (idleTimeout, (first: min(first, idleTimeout / 4), second: min(second, idleTimeout / 6)))
    }

    /// The idle timeout that holds for both sides; nil for none.
    ///
    /// RFC 9000 §10.1: "Each endpoint advertises a max_idle_timeout, but the effective value at an endpoint is computed as the
    /// minimum of the two advertised values (or the sole advertised value, if only one endpoint advertises a non-zero value)."
    private var agreedIdleTimeout: Duration? {
        guard native != nil else { return nil }
        let ours = configuration.idleTimeout.nativeNanoseconds
        let theirs = native?.peerParameters?.idleTimeoutNanoseconds ?? 0
        // Zero stands for none.
        let effective = ours > 0 && theirs > 0 ? min(ours, theirs) : max(ours, theirs)
        return effective > 0 ? .nanoseconds(Int64(clamping: effective)) : nil
    }
}
