import Datagrams

/// Notices a peer that keeps a connection alive without getting anywhere.
///
/// The idle timeout does not: any packet refreshes it, and the probes for a missing acknowledgement double their
/// interval without end.
struct ProgressWatch {
    /// The last moment a stream byte went either way.
    private var lastProgress: MonotonicInstant
    /// Since when packets have been in flight without one of them being acknowledged.
    private var unacknowledgedSince: MonotonicInstant?

    init(at now: MonotonicInstant) {
        lastProgress = now
    }

    /// A stream was opened, or bytes of one arrived or were acknowledged.
    mutating func noteProgress(at now: MonotonicInstant) {
        lastProgress = now
    }

    /// What was in flight before a packet was received, and what is after it.
    mutating func noteReceived(bytesInFlight before: UInt64, after: UInt64, at now: MonotonicInstant) {
        if after == 0 {
            unacknowledgedSince = nil
        } else if after < before {
            unacknowledgedSince = now
        }
    }

    /// What is in flight after sending.
    mutating func noteSent(bytesInFlight: UInt64, at now: MonotonicInstant) {
        if bytesInFlight == 0 {
            unacknowledgedSince = nil
        } else if unacknowledgedSince == nil {
            unacknowledgedSince = now
        }
    }

    /// When the first of both has lasted too long.
    func deadline(_ limits: TransportConfiguration) -> MonotonicInstant {
        let progress = limits.noProgressTimeout.map { lastProgress.advanced(by: $0) } ?? .distantFuture
        guard let since = unacknowledgedSince, let silence = limits.acknowledgementTimeout else { return progress }
        return min(progress, since.advanced(by: silence))
    }

    /// What has lasted too long at `now`, if anything has.
    func expiredCause(at now: MonotonicInstant, _ limits: TransportConfiguration) -> CloseCause? {
        if let since = unacknowledgedSince, let silence = limits.acknowledgementTimeout,
            since.advanced(by: silence) <= now
        {
            return .acknowledgementSilence
        }
        if let timeout = limits.noProgressTimeout, lastProgress.advanced(by: timeout) <= now { return .noProgress }
        return nil
    }
}
