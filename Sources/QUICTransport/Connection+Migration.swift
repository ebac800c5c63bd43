internal import CNgtcp2
public import Datagrams

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
        guard let connection = unsafe native?.pointer, state == .established else { return false }
        #if NEGATIVE_CONTROLS
        if NegativeControl.unguardedMigration.isChosen { return true }
        #endif
        let hasConnectionIDs = unsafe ngtcp2_conn_get_dcid(connection).pointee.datalen > 0
        guard hasConnectionIDs, let migration else { return true }
        guard unsafe ngtcp2_conn_get_active_dcid(connection, nil) == 1 else { return false }
        if migration.isReversed(by: path) { return true }
        return !wasProbed && migration.allows(path, destination: Self.destination(of: datagram))
    }

    /// Our connection ID in a packet with a short header. RFC 9000 §17.3.1.
    private static func destination(of datagram: RawSpan) -> ConnectionID? {
        guard case .packet(let destination, _, isLong: false) = DatagramHeader(datagram) else { return nil }
        return destination
    }

    /// Takes note of the path after a datagram of the peer's was read that came along another.
    ///
    /// - Parameters:
    ///   - previous: The path before.
    ///   - earlier: The change of address that was under way before.
    ///   - origin: The path along which the datagram came.
    func noteMigration(
        from previous: NetworkPath,
        during earlier: PathMigration?,
        by datagram: RawSpan,
        from origin: NetworkPath
    ) {
        guard let path else { return }
        guard path != previous else {
            // RFC 9000 §9.1: a probe. ngtcp2 may have set an ID aside for its path, and tells nobody.
            wasProbed = wasProbed || origin != earlier?.fallback
            return
        }
        if let earlier, earlier.isReversed(by: path) {
            migration = nil
            return
        }
        migration = PathMigration(
            to: path,
            fallback: earlier?.nextFallback ?? previous,
            destination: Self.destination(of: datagram),
            account: account,
            at: now
        )
    }

    /// Takes note of what one call of `transmit` sent.
    func noteMigration(hasPackets: Bool, bytesInFlightBefore: Int) {
        guard let connection = unsafe native?.pointer, let migration else { return }
        let transmission = PathMigration.Transmission(
            hasPackets: hasPackets,
            hasGrownInFlight: bytesInFlight > UInt64(bytesInFlightBefore),
            hasWindowLeft: unsafe ngtcp2_conn_get_cwnd_left(connection) > 0,
            probeTimeout: .nanoseconds(Int64(clamping: unsafe ngtcp2_conn_get_pto(connection)))
        )
        if migration.isOver(after: transmission, at: now) { self.migration = nil }
    }

    /// A PATH_CHALLENGE frame is being written.
    func noteChallenge() {
        guard let connection = unsafe native?.pointer, let migration else { return }
        let delay = unsafe ngtcp2_conn_get_remote_transport_params(connection)?.pointee.max_ack_delay ?? 0
        migration.noteChallenge(
            probeTimeout: .nanoseconds(Int64(clamping: unsafe ngtcp2_conn_get_pto(connection))),
            acknowledgementDelay: .nanoseconds(Int64(clamping: delay)),
            at: now
        )
    }

    /// The validation of the path to a new address is over: where it did not succeed, ngtcp2 is back on the old one, and a
    /// client that moved on before its end aborted it.
    func noteValidation(succeeded: Bool) {
        if succeeded { migration?.windDown(at: now) } else { migration = nil }
    }
}
