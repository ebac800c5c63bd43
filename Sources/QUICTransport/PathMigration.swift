import BoundedMemory
public import Datagrams
import FaultInjection

/// The changes of a client's address, and whether ngtcp2 1.11 survives a further one.
///
/// ngtcp2 retires a connection ID of the client's when it aborts the validation of a path that has one for itself, and aborts
/// the process when more than sixteen retirements are unacknowledged by then (ngtcp2_conn.c:9140). One datagram of a hostile
/// client can bring both the retirements and the change of address, so they cannot be counted from outside. So while a
/// validation may run, only such datagrams are read that cannot abort one which has an ID for itself.
///
/// Owns: itself, about 400 bytes. Released by: the end of the connection. Bound: one for a connection, from the first datagram
/// that came from another address on.
final class PathMigration {
    /// How far the latest change is.
    private enum Phase {
        /// No path is being validated.
        case over
        /// The new path is being validated. RFC 9000 §8.2.
        case validating
        /// The new path is valid, and the old one is validated once more, in case the address was forged. RFC 9000 §9.3.3.
        case windingDown
        /// A validation ended on a path that is not the latest: the state of ngtcp2 is not known, and nothing is followed.
        case frozen
    }

    private let account: MemoryAccount
    private var phase = Phase.over
    /// Where the client is since the latest change.
    private var current: NetworkPath?
    /// The path to which ngtcp2 falls back where the latest one is not valid; nil where that is not certain.
    private var fallback: NetworkPath?
    /// Our connection ID to which the first datagram of the latest change was sent; nil where it began with a long header.
    private var destination: ConnectionID?
    private var seen = SeenPaths()
    /// PATH_CHALLENGE frames since the latest change, each of which waits twice as long as the one before.
    private var challengeCount = 0
    /// Before this no validation is over.
    private var due = MonotonicInstant(nanoseconds: 0)
    private var wasChallenged = false

    /// The probe timeout of a path without a sample, without the peer's delay. RFC 9002 §6.2.2.
    private static let initialProbeTimeout = Duration.milliseconds(999)
    /// More challenges than any validation has: its end is not known.
    private static let challengesLimit = 20

    init(account: MemoryAccount) {
        self.account = account
        account.charge(self, to: .table)
    }

    deinit {
        account.release(self, from: .table)
    }

    /// Whether every change is followed, since no path is being validated.
    var isOver: Bool { phase == .over }

    /// Whether a packet that is to be acknowledged would show that no path is being validated any more.
    func mayBeOver(at now: MonotonicInstant) -> Bool {
        (phase == .validating || phase == .windingDown) && now >= due
    }

    /// Whether a datagram from `path`, which is not the latest one, cannot abort a validation that has a connection ID of the
    /// client's for itself.
    ///
    /// - Parameters:
    ///   - latest: The path in use.
    ///   - sharesOneID: Whether all paths that ngtcp2 counts have the same ID of the client's.
    func allows(_ datagram: RawSpan, from path: NetworkPath, latest: NetworkPath, sharesOneID: Bool) -> Bool {
        switch phase {
        case .over: return true
        case .frozen: return false
        // The datagram belongs to the validation that runs, or there is none any more.
        case .windingDown where path == fallback: return true
        // Back to where it would fall back to: the ID in use stays in use.
        case .validating where path == fallback: return sharesOneID
        case .validating, .windingDown: break
        }
        // As behind a NAT: the client goes on with the ID it used, and so does the server. RFC 9000 §9.5. ngtcp2 may have set an ID
        // aside for a path that was seen before, and tells nobody.
        let destination = Self.destination(of: datagram)
        return sharesOneID && destination != nil && destination == self.destination && path.local == latest.local
            && !seen.mayContain(path)
    }

    /// Our connection ID in a packet with a short header. RFC 9000 §17.3.1.
    private static func destination(of datagram: RawSpan) -> ConnectionID? {
        guard case .packet(let destination, _, isLong: false) = DatagramHeader(datagram) else { return nil }
        return destination
    }

    /// A datagram of the client's came from `path`, which is not the one in use before.
    func note(_ path: NetworkPath, from previous: NetworkPath) {
        seen.insert(path)
        seen.insert(previous)
    }

    /// ngtcp2 has followed the client from `previous` to `path`, along which `datagram` came.
    func begin(with datagram: RawSpan, to path: NetworkPath, from previous: NetworkPath, at now: MonotonicInstant) {
        guard phase != .frozen else { return }
        // Where another validation was under way it is not certain which of the paths before is the one that counts.
        fallback = phase == .over ? previous : nil
        (phase, current, destination) = (.validating, path, Self.destination(of: datagram))
        (challengeCount, due) = (0, now)
    }

    /// `path` is valid.
    func noteValidity(of path: NetworkPath?, at now: MonotonicInstant) {
        phase = phase == .validating && path != nil && path == current ? .windingDown : .frozen
        (challengeCount, due) = (0, now)
    }

    /// A PATH_CHALLENGE frame is written.
    func noteChallenge(probeTimeout: Duration, acknowledgementDelay: Duration, at now: MonotonicInstant) {
        wasChallenged = true
        if phase == .over { phase = .frozen }
        guard challengeCount < Self.challengesLimit else { return due = .distantFuture }
        let wait = max(probeTimeout, Self.initialProbeTimeout + acknowledgementDelay)
        due = max(due, now.advanced(by: min(wait, Self.longestWait) * (1 << challengeCount)))
        challengeCount += 1
    }

    /// 2^20 of them are a number of nanoseconds.
    private static let longestWait = Duration.seconds(3_600)

    /// Takes note of what one call of ``Connection/transmit(into:at:)`` wrote. ngtcp2 writes nothing that is to be acknowledged
    /// for the path in use before it has tried to write a challenge; answers to challenges, for other paths, it does. So the
    /// change is over when it writes such a packet, and no challenge, at a time at which one would be due.
    ///
    /// That nothing is written proves nothing: pacing may hold a challenge back for long.
    func noteTransmitted(dataOnLatestPath hasData: Bool, at now: MonotonicInstant) {
        defer { wasChallenged = false }
        if mayBeOver(at: now), !wasChallenged, hasData { phase = .over }
    }
}

/// Following a client to another address. RFC 9000 §9.
extension Connection {
    /// Whether `datagram`, which travelled along `path`, is read.
    ///
    /// RFC 9000 §9: if the peer violates disable_active_migration, the endpoint MUST either drop the incoming packets on
    /// that path without generating a Stateless Reset, or allow the peer to migrate.
    public func accepts(_ datagram: RawSpan, from path: NetworkPath) -> Bool {
        role == .client || path == self.path || (configuration.allowsMigration && follows(datagram, from: path))
    }

    /// Whether a change of address is one that ngtcp2 survives. ``PathMigration``.
    private func follows(_ datagram: RawSpan, from path: NetworkPath) -> Bool {
        guard native != nil, state == .established else { return false }
        if FaultInjection.followsEveryAddress { return true }
        let hasConnectionIDs = native?.destinationIDBytes ?? 0 > 0
        guard hasConnectionIDs, let migration, !migration.isOver, let latest = self.path else { return true }
        return migration.allows(
            datagram,
            from: path,
            latest: latest,
            sharesOneID: native?.activeDestinationIDs == 1
        )
    }

    /// Takes note of a datagram of the client's that was read and came along another path than the one in use.
    ///
    /// - Parameters:
    ///   - origin: Where it came from.
    ///   - previous: The path in use before.
    func noteMigration(by datagram: RawSpan, from origin: NetworkPath, previous: NetworkPath) {
        guard let path else { return }
        let migration = self.migration ?? PathMigration(account: account)
        self.migration = migration
        migration.note(origin, from: previous)
        if path != previous { migration.begin(with: datagram, to: path, from: previous, at: now) }
    }

    /// A datagram was refused because a change of address is under way.
    ///
    /// - Returns: Whether a PING is to be sent, which may show that it is over: the client's next one is followed then.
    public func noteRefusal(at now: MonotonicInstant) -> Bool {
        askForPing(if: migration?.mayBeOver(at: now) ?? false)
    }

    /// A PATH_CHALLENGE frame is being written.
    func noteChallenge() {
        guard let migration, native != nil else { return }
        migration.noteChallenge(
            probeTimeout: probeTimeout,
            acknowledgementDelay: native?.peerParameters?.acknowledgementDelay ?? .zero,
            at: now
        )
    }

    /// The validation of `path` is over, and it is valid.
    func noteValidity(of path: NetworkPath?) {
        migration?.noteValidity(of: path, at: now)
    }

    /// Whether the client is moving to another address.
    var isMigrating: Bool { migration.map { !$0.isOver } ?? false }
}
