import Datagrams

/// Notices a peer that keeps a connection alive without getting anywhere.
///
/// The idle timeout does not: any packet refreshes it. ``AcknowledgementWatch`` notices one that acknowledges nothing.
///
/// RFC 9000 §21.6: mitigations for Slowloris attacks could include imposing restrictions on the minimum transfer speed a
/// connection is allowed to have. Here it is bytes in a time, and the time begins anew with each progress. A stream that
/// ends in order is progress however short it is, so that small requests are; one that begins when there is none begins
/// the time anew, so that a pause between two requests does not count as slowness. A stream that is reset is neither.
struct ProgressWatch {
    /// The last moment there was progress.
    private var lastProgress: MonotonicInstant
    /// Stream bytes since then, either way.
    private var bytesSinceProgress: UInt32 = 0
    /// Bidirectional streams; unidirectional ones may stay open for ever, as those of HTTP/3 do.
    private var openStreamCount: UInt32 = 0

    init(at now: MonotonicInstant) {
        lastProgress = now
    }

    /// A bidirectional stream was opened.
    mutating func noteOpenedStream(at now: MonotonicInstant) {
        if openStreamCount == 0 { noteProgress(at: now) }
        openStreamCount += 1
    }

    /// A bidirectional stream is gone.
    mutating func noteClosedStream() {
        precondition(openStreamCount > 0)
        openStreamCount -= 1
    }

    /// A stream of either kind ended with FIN, and ours was acknowledged.
    mutating func noteCompleteStream(at now: MonotonicInstant) {
        noteProgress(at: now)
    }

    /// Bytes of a stream arrived in order, or were acknowledged; `minimum` of them are progress.
    mutating func noteBytes(_ count: Int, minimum: Int, at now: MonotonicInstant) {
        bytesSinceProgress = UInt32(clamping: Int(bytesSinceProgress) + count)
        if count > 0, bytesSinceProgress >= minimum { noteProgress(at: now) }
    }

    private mutating func noteProgress(at now: MonotonicInstant) {
        lastProgress = now
        bytesSinceProgress = 0
    }

    /// Whether there has been no progress for as long as `patience`.
    func isStalled(for patience: Duration, at now: MonotonicInstant) -> Bool {
        lastProgress.advanced(by: patience) <= now
    }

    /// When there has been no progress for too long.
    func deadline(_ limits: TransportConfiguration) -> MonotonicInstant {
        limits.noProgressTimeout.map { lastProgress.advanced(by: $0) } ?? .distantFuture
    }
}
