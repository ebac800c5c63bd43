import Datagrams

/// The end of a connection whose server drains.
///
/// A peer may have begun a stream before it knows. So the connection is kept for one probe timeout at least, within which such
/// a stream arrives. RFC 9114 §5.2 asks servers for the same: "allowing at least one round-trip time".
struct Drain {
    /// From when on the connection ends as soon as its streams have; the distant future where its server does not drain.
    private(set) var earliestEnd = MonotonicInstant.distantFuture

    /// How long a packet of an otherwise finished connection is waited for. Loss recovery has repeated it by then, unless it was a PING
    /// or a probe of the path's MTU, which it does not repeat.
    static func patience(_ probeTimeout: Duration) -> Duration { probeTimeout * 3 }

    /// Whether the service was told.
    var hasBegun: Bool { earliestEnd != .distantFuture }

    /// Whether the connection may end once its streams have.
    func mayEnd(at now: MonotonicInstant) -> Bool { earliestEnd <= now }

    /// The service is told.
    mutating func begin(at now: MonotonicInstant, probeTimeout: Duration) {
        earliestEnd = now.advanced(by: probeTimeout)
    }
}
