public import Datagrams
import FaultInjection

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
            path,
            latest: latest,
            destination: Self.destination(of: datagram),
            sharesOneID: native?.activeDestinationIDs == 1
        )
    }

    /// Our connection ID in a packet with a short header. RFC 9000 §17.3.1.
    private static func destination(of datagram: RawSpan) -> ConnectionID? {
        guard case .packet(let destination, _, isLong: false) = DatagramHeader(datagram) else { return nil }
        return destination
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
        guard path != previous else { return }
        migration.begin(to: path, from: previous, destination: Self.destination(of: datagram), at: now)
    }

    /// A datagram was refused because a change of address is under way.
    ///
    /// - Returns: Whether a PING is to be sent, which may show that it is over: the client's next one is followed then.
    public func noteRefusal(at now: MonotonicInstant) -> Bool {
        wantsPing = wantsPing || migration?.mayBeOver(at: now) ?? false
        return wantsPing
    }

    /// A PATH_CHALLENGE frame is being written.
    func noteChallenge() {
        guard let migration, let probeTimeout = native?.probeTimeout else { return }
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
}

// MARK: - Clients

/// Commands and properties of a client's connection alone.
extension Connection {
    /// Whether TLS took up where an earlier session left off; told from inside ``ConnectionHost/connectionDidEstablish(_:)``.
    public var isResumed: Bool { tls?.isResumed ?? false }

    /// Sends and receives at another local address from now on without a word to the peer, as behind a NAT that gave the
    /// connection another port. RFC 9000 §9.3.3.
    public func rebind(to local: SocketAddress) {
        native?.rebind(to: local)
    }
}
