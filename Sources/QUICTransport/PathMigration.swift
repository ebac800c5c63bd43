import BoundedMemory
import Datagrams

/// A change of the client's address that ngtcp2 1.11 is still busy with.
///
/// ngtcp2 retires a connection ID of the client's when it aborts the validation of a path that has one of its own, and aborts
/// the process when more than sixteen retirements are unacknowledged by then (ngtcp2_conn.c:9140). One datagram of a hostile
/// client can bring both the retirements and the change of address, so they cannot be counted from outside. So while a
/// validation may run, only such changes are followed for which no path has an ID of its own: those of a client that goes on
/// with the ID it used, as behind a NAT, while all paths share one of the client's.
///
/// Owns: itself, about 250 bytes. Released by: the end of the change, or of the connection. Bound: one for a connection.
final class PathMigration {
    /// How far it is.
    private enum Phase {
        /// The new path is being validated. RFC 9000 §8.2.
        case validating
        /// The new path is valid, and the old one is validated once more, in case the address was forged. RFC 9000 §9.3.3.
        case windingDown
    }

    /// What one call of ``Connection/transmit(into:at:)`` did.
    struct Transmission {
        let hasPackets: Bool
        let hasGrownInFlight: Bool
        let hasWindowLeft: Bool
        let probeTimeout: Duration
    }

    /// Where the client is now.
    let current: NetworkPath
    /// The path that was valid last, to which the connection falls back.
    let fallback: NetworkPath
    /// Our connection ID to which the client's first datagram from there was sent; nil where it began with a long header.
    private let destination: ConnectionID?
    private let account: MemoryAccount
    private var phase = Phase.validating
    /// PATH_CHALLENGE frames for the old path, each of which waits twice as long as the one before.
    private var windingDownChallenges = 0
    /// Before this nothing is over.
    private var due: MonotonicInstant
    private var lastSentAt: MonotonicInstant
    private var wasChallenged = false

    /// The probe timeout of a path without a sample, without the peer's delay. RFC 9002 §6.2.2.
    private static let initialProbeTimeout = Duration.milliseconds(999)
    private static let longestShift = 16

    /// - Parameters:
    ///   - fallback: The path before it, or the one from which an earlier change began that is not validated yet.
    ///   - destination: Our connection ID in the client's datagram.
    init(
        to current: NetworkPath,
        fallback: NetworkPath,
        destination: ConnectionID?,
        account: MemoryAccount,
        at now: MonotonicInstant
    ) {
        self.current = current
        self.fallback = fallback
        self.destination = destination
        self.account = account
        (due, lastSentAt) = (now, now)
        account.charge(self, to: .table)
    }

    deinit {
        account.release(self, from: .table)
    }

    /// Where a change from here would fall back to.
    var nextFallback: NetworkPath { phase == .validating ? fallback : current }

    /// Whether a datagram from `path` that was sent to `destination` needs no connection ID of the client's for itself.
    ///
    /// RFC 9000 §9.5: an endpoint MUST NOT reuse a connection ID when sending from more than one local address, and MAY go on
    /// with the current one where the client did not change the ID it sends to.
    func allows(_ path: NetworkPath, destination: ConnectionID?) -> Bool {
        path.local == current.local && destination != nil && destination == self.destination
    }

    /// Whether a change to `path` ends the validation and begins none: it leads back to where it would fall back to.
    func isReversed(by path: NetworkPath) -> Bool {
        phase == .validating && path == fallback
    }

    /// The new path is valid.
    func windDown(at now: MonotonicInstant) {
        phase = .windingDown
        (windingDownChallenges, due) = (0, now)
    }

    /// A PATH_CHALLENGE frame is written.
    func noteChallenge(probeTimeout: Duration, acknowledgementDelay: Duration, at now: MonotonicInstant) {
        wasChallenged = true
        guard phase == .windingDown else { return }
        let wait = max(probeTimeout, Self.initialProbeTimeout + acknowledgementDelay)
        due = now.advanced(by: wait * (1 << min(windingDownChallenges, Self.longestShift)))
        windingDownChallenges += 1
    }

    /// Takes note of what was sent.
    ///
    /// - Returns: Whether ngtcp2 is done with the change: it writes packets of other kinds, or has nothing to write, only
    ///   where it has no challenge left to write.
    func isOver(after transmission: Transmission, at now: MonotonicInstant) -> Bool {
        defer {
            wasChallenged = false
            if transmission.hasPackets { lastSentAt = now }
        }
        guard phase == .windingDown, !wasChallenged, now >= due else { return false }
        if transmission.hasGrownInFlight { return true }
        let isQuiet = lastSentAt.advanced(by: transmission.probeTimeout) <= now
        return !transmission.hasPackets && isQuiet && transmission.hasWindowLeft
    }
}
