import Datagrams

/// Notices a peer that keeps a connection alive without acknowledging anything.
///
/// PINGs refresh the idle timeout, and the probes for a missing acknowledgement double their interval without end. Time alone
/// proves nothing against a peer: the first packet after an outage comes from one that has not heard from us again yet. So
/// chances are counted. A probe, which is any packet that asks for an acknowledgement, is *unanswered* when the peer is heard
/// a probe timeout after it and has acknowledged nothing. A peer from which nothing arrives at all is the idle timeout's.
///
/// Owns: nothing (24 bytes).
struct AcknowledgementWatch {
    /// Since when packets have been in flight without one of them being acknowledged; the distant future while none is.
    private var silenceStart = MonotonicInstant.distantFuture
    /// When the peer was last heard, in microseconds of the silence.
    private var heardAt: UInt32 = 0
    /// When the first probe was sent that the peer has not had its chance for, in microseconds of the silence.
    private var probeSentAt: UInt32 = Self.never
    /// When the last packet was sent that asks for an acknowledgement, in microseconds of the silence.
    private var lastSentAt: UInt32 = 0
    private var unansweredProbes: UInt8 = 0
    private var lastChancesTaken: UInt8 = 0
    /// The probes of the last probe timeout that were not sent with it.
    private var probesLeft: UInt8 = 0
    /// Whether a packet that asks for an acknowledgement was sent since the peer was last heard.
    private var hasSentSinceHeard = false

    private static let never = UInt32.max
    /// One lost probe and one lost acknowledgement are chance.
    private static let unansweredProbesLimit = 3
    /// Loss recovery sends so many for each probe timeout. RFC 9002 §6.2.4.
    private static let pairedProbes: UInt8 = 2
    private static let lastChances: UInt8 = 2

    /// Whether packets are in flight without one of them having been acknowledged for as long as `duration`.
    func isSilent(for duration: Duration, at now: MonotonicInstant) -> Bool {
        isSilent(forNanoseconds: duration.nativeNanoseconds, at: now)
    }

    /// When packets will have been in flight for `duration` without one of them having been acknowledged; the distant future while
    /// none is.
    func silenceEnd(after duration: Duration) -> MonotonicInstant {
        isSilent ? silenceStart.advanced(by: duration) : .distantFuture
    }

    /// The same for a duration in nanoseconds: a `Duration` is 128 bits, which a packet has no time for.
    func isSilent(forNanoseconds nanoseconds: UInt64, at now: MonotonicInstant) -> Bool {
        isSilent && now.nanoseconds(since: silenceStart) >= nanoseconds
    }

    /// Whether packets are in flight.
    var isSilent: Bool { silenceStart != .distantFuture }

    /// A packet of the peer's was opened.
    ///
    /// - Parameters:
    ///   - before: The bytes in flight before it.
    ///   - after: The bytes in flight now.
    ///   - probeTimeoutNanoseconds: How long an acknowledgement may take, without backoff. RFC 9002 §6.2.1.
    /// - Returns: Whether a new probe is due: the peer is there, and the last one got no answer.
    mutating func noteHeard(
        bytesInFlight before: UInt64,
        after: UInt64,
        probeTimeoutNanoseconds: @autoclosure () -> UInt64,
        at now: MonotonicInstant
    ) -> Bool {
        guard isSilent else { return false }
        guard after > 0, after >= before else {
            self = Self()
            guard after > 0 else { return false }
            // The packets left ask for an acknowledgement as well, and the peer has yet to have its chance for them: one that delays its
            // acknowledgements would be probed for that, and two peers would answer each other's probes for ever.
            silenceStart = now
            probeSentAt = 0
            return false
        }
        heardAt = microseconds(at: now)
        lastChancesTaken = 0
        probesLeft = 0
        hasSentSinceHeard = false
        guard probeSentAt != Self.never else { return true }
        guard instant(at: probeSentAt).advanced(byNanoseconds: probeTimeoutNanoseconds()) <= now else { return false }
        probeSentAt = Self.never
        unansweredProbes = UInt8(clamping: Int(unansweredProbes) + 1)
        return true
    }

    /// Packets were sent.
    ///
    /// - Parameters:
    ///   - before: The bytes in flight before them. They grow with each packet that asks for an acknowledgement.
    ///   - after: The bytes in flight now.
    mutating func noteSent(bytesInFlight before: UInt64, after: UInt64, at now: MonotonicInstant) {
        if after == 0 {
            if isSilent { self = Self() }
        } else if !isSilent {
            silenceStart = now
            probeSentAt = 0
            hasSentSinceHeard = true
        } else if after > before {
            hasSentSinceHeard = true
            lastSentAt = microseconds(at: now)
            if probeSentAt == Self.never { probeSentAt = lastSentAt }
        }
    }

    /// Whether so much time has passed since a packet was sent that a probe timeout may have expired. There is no more than the
    /// half and no less than a quarter of the silence between two of them.
    func isProbeTimeoutDue(at now: MonotonicInstant) -> Bool {
        8_000 * UInt64(microsecondsSinceLastSent(at: now)) >= now.nanoseconds(since: silenceStart)
    }

    /// How long ago the last packet was sent that asks for an acknowledgement.
    private func sinceLastSent(at now: MonotonicInstant) -> Duration {
        .microseconds(Int64(microsecondsSinceLastSent(at: now)))
    }

    private func microsecondsSinceLastSent(at now: MonotonicInstant) -> UInt32 {
        let silence = microseconds(at: now)
        return silence - min(silence, lastSentAt)
    }

    /// When a probe timeout would long have expired: the next one comes when the silence is twice as long as at the last packet, and
    /// the first period more. Then none is armed, since nothing in flight but a PING is missing. The distant future while probes are
    /// kept for the last chances.
    ///
    /// - Parameter probeTimeoutNanoseconds: How long an acknowledgement may take, without backoff.
    func unarmedAt(probeTimeoutNanoseconds: UInt64) -> MonotonicInstant {
        guard isSilent, probesLeft < Self.pairedProbes, lastChancesTaken == 0 else { return .distantFuture }
        let longest = max(Self.leastProbeTimeoutNanoseconds, probeTimeoutNanoseconds / 2 * 3)
        return silenceStart.advanced(byNanoseconds: longest + 2_000 * UInt64(lastSentAt))
    }

    private static let leastProbeTimeoutNanoseconds: UInt64 = 2_000_000_000

    /// How a probe timeout goes on while nothing but probes may be sent.
    enum ProbeTimeout {
        /// The second probe of the timeout before leaves, and the timer begins anew.
        case second
        /// The timeout is taken, and the first of its probes leaves.
        case first
        /// The timeout is taken, and both of its probes are kept.
        case none
    }

    /// A probe timeout is due while nothing but probes may be sent.
    ///
    /// RFC 9002 §6.2.4 allows two datagrams for each timeout, and §6.2.1 doubles its period. The first leaves with the timeout and the
    /// second when the next one is due, which begins the same period anew: they meet twice as many states of the path. When no
    /// further timeout comes before the last chances, both are kept for those.
    ///
    /// - Parameter end: When the first of the last chances comes.
    mutating func takeProbeTimeout(before end: MonotonicInstant, at now: MonotonicInstant) -> ProbeTimeout {
        // A peer that was heard since is there.
        guard hasSentSinceHeard else { return .first }
        let period = sinceLastSent(at: now)
        if probesLeft == 1, now.advanced(by: period) < end {
            probesLeft = 0
            return .second
        }
        let isFollowed = now.advanced(by: period * 2) < end
        probesLeft = isFollowed ? 1 : 2
        return isFollowed ? .first : .none
    }

    /// When the silence has lasted for `timeout` and the peer has had its chances; the distant future until it has.
    func deadline(_ timeout: Duration) -> MonotonicInstant {
        unansweredProbes < Self.unansweredProbesLimit ? .distantFuture : silenceStart.advanced(by: timeout)
    }

    /// When to probe in case that the path has healed since the last probe; the distant future where the peer is not silent, or
    /// was probed for that already. There are two such chances, since one packet may be lost.
    ///
    /// RFC 9000 §10.1: an endpoint also restarts its idle timer when sending an ack-eliciting packet if no other ack-eliciting
    /// packets have been sent since last receiving and processing a packet. These are never the first, so that they make no
    /// connection live longer.
    ///
    /// - Parameters:
    ///   - firstNanoseconds: How long after the peer was last heard the first chance comes.
    ///   - secondNanoseconds: The same for the second one, which is later.
    func lastChance(firstNanoseconds: UInt64, secondNanoseconds: UInt64) -> MonotonicInstant {
        guard isSilent, hasSentSinceHeard, lastChancesTaken < Self.lastChances else { return .distantFuture }
        return lastHeard.advanced(byNanoseconds: lastChancesTaken == 0 ? firstNanoseconds : secondNanoseconds)
    }

    /// The moment of ``lastChance(firstNanoseconds:secondNanoseconds:)`` has come.
    mutating func takeLastChance() {
        lastChancesTaken += 1
        probesLeft -= min(probesLeft, 1)
    }

    /// The moment after the peer was last heard in this silence.
    var afterLastHeard: MonotonicInstant { lastHeard.advanced(byNanoseconds: 1_000) }

    /// When the peer was last heard in this silence, or else when it began.
    var lastHeard: MonotonicInstant { instant(at: heardAt) }

    private func instant(at microseconds: UInt32) -> MonotonicInstant {
        silenceStart.advanced(byNanoseconds: UInt64(microseconds) * 1_000)
    }

    /// The microseconds of the silence that have passed, kept below ``never``.
    private func microseconds(at now: MonotonicInstant) -> UInt32 {
        UInt32(min(now.nanoseconds(since: silenceStart) / 1_000, UInt64(Self.never) - 1))
    }
}
