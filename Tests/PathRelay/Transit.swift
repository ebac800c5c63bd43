import Datagrams

/// The datagrams of one direction that are under way.
///
/// Owns: two rings, the second one for reordered datagrams. Released by: its own end. Bound: `datagramLimit` datagrams in
/// both together.
struct Transit: ~Copyable {
    private let datagramLimit: Int
    private var ordered: DatagramRing
    private var reordered: DatagramRing

    init(datagramLimit: Int) {
        self.datagramLimit = datagramLimit
        ordered = DatagramRing(slotLimit: datagramLimit)
        reordered = DatagramRing(slotLimit: datagramLimit)
    }

    /// The datagrams under way.
    var count: Int { ordered.count + reordered.count }

    /// When the next datagram arrives; nil when none is under way.
    var nextDeparture: MonotonicInstant? {
        guard let late = reordered.nextDeparture else { return ordered.nextDeparture }
        return ordered.nextDeparture.map { min($0, late) } ?? late
    }

    /// Takes a copy of `datagram`; false when too many are under way.
    mutating func append(_ datagram: RawSpan, _ label: DatagramRing.Label, isReordered: Bool) -> Bool {
        guard count < datagramLimit else { return false }
        return isReordered ? reordered.append(datagram, label) : ordered.append(datagram, label)
    }

    /// Hands the next datagram that has arrived by `now` to `body`, and removes it if `body` says so.
    ///
    /// - Returns: Whether a datagram was removed.
    mutating func takeNext(by now: MonotonicInstant, _ body: (RawSpan, DatagramRing.Label) -> Bool) -> Bool {
        guard let next = nextDeparture, next <= now else { return false }
        let isReordered = reordered.nextDeparture == next && ordered.nextDeparture != next
        if isReordered {
            guard reordered.withFirst(body) else { return false }
            reordered.removeFirst()
        } else {
            guard ordered.withFirst(body) else { return false }
            ordered.removeFirst()
        }
        return true
    }
}
