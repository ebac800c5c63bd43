internal import CNgtcp2
public import Datagrams

/// What ends a connection by the clock.
extension Connection {
    /// When ``expire(at:)`` is due.
    public var deadline: MonotonicInstant {
        guard var transport = native?.timer else { return .distantFuture }
        // ngtcp2 sets the time of its next packet whether or not there is one, so that each answer would wake its worker twice.
        if restingTimer > transport { transport = restingTimer }
        let ours =
            isHandshaking
            ? handshakeDeadline : min(watch.deadline(configuration), silenceDeadline, lifetimeDeadline)
        return min(
            transport,
            applicationDeadline,
            ours,
            borrowing.reviewDeadline,
            borrowing.pacer.releaseAt,
            drainDeadline
        )
    }

    /// ngtcp2 may have another timer from now on.
    func forgetRestingTimer() {
        restingTimer = MonotonicInstant(nanoseconds: 0)
    }

    /// The moment of ``deadline`` has come.
    ///
    /// - Returns: How the connection ended; nil while it lives.
    public func expire(at now: MonotonicInstant) -> ConnectionEnd? {
        guard native != nil else { return nil }
        forgetRestingTimer()
        self.now = now
        if let end = ownEnd(at: now) { return end }
        reviewBorrowing(at: now)
        probe(at: now)
        guard let timer = native?.timer, timer <= now, noteTimer(at: now) else { return pendingEnd }
        let tlsBefore = TLSMemory.tallyNow()
        defer { chargeTLS(since: tlsBefore) }
        let error = native?.handleTimer(at: now) ?? .none
        return error == .none ? pendingEnd : end(after: error)
    }

    /// How long the closing and draining states last.
    ///
    /// RFC 9000 §10.2: these states SHOULD persist for at least three times the current PTO interval.
    public var closingPeriod: Duration { probeTimeout * 3 }

    /// The time after which a packet in flight is probed for. RFC 9002 §6.2.1.
    var probeTimeout: Duration { native?.probeTimeout ?? .zero }

    /// What is in flight, as congestion control counts it. RFC 9002 §2.
    var bytesInFlight: UInt64 { nativeInfo.bytes_in_flight }

    /// The state of the path as ngtcp2 knows it: round trips, congestion window, bytes in flight.
    var nativeInfo: ngtcp2_conn_info { native?.info ?? ngtcp2_conn_info() }

    /// Whether it has made no progress on its streams for as long as `patience`.
    package func isStalled(for patience: Duration, at now: MonotonicInstant) -> Bool {
        watch.isStalled(for: patience, at: now)
    }

    /// The deadlines that ngtcp2 does not have.
    private func ownEnd(at now: MonotonicInstant) -> ConnectionEnd? {
        if isHandshaking { return now >= handshakeDeadline ? .discard(.handshakeTimeout) : nil }
        if now >= acknowledgementDeadline { return .close(.acknowledgementSilence) }
        if now >= watch.deadline(configuration) { return .close(.noProgress) }
        return now >= lifetimeDeadline ? .close(.lifetime) : nil
    }

    var handshakeDeadline: MonotonicInstant { createdAt.advanced(by: configuration.handshakeTimeout) }

    private var lifetimeDeadline: MonotonicInstant {
        configuration.lifetime.map { createdAt.advanced(by: $0) } ?? .distantFuture
    }
}
