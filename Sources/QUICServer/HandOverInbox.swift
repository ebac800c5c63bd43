import Datagrams
import QUICWorkers

/// Where the other workers put the datagrams of one worker's connections, in slots of 72 bytes.
///
/// It is closed until its worker opens it. A datagram that does not fit, or for which the system has no memory, is refused and counted.
typealias HandOverInbox = Inbox<HandedDatagram>

extension Inbox where Element == HandedDatagram {
    /// Datagrams that may wait, by default.
    static var capacityDefault: Int { 256 }
    /// Bytes of their copies, by default: 173 datagrams of the largest size.
    static var bytesLimitDefault: Int { 256 * 1024 }

    convenience init(capacity: Int = capacityDefault, bytesLimit: Int = bytesLimitDefault) {
        self.init(capacity: capacity, bytesLimit: bytesLimit, isOpen: false)
    }

    /// Puts a copy of `datagram` in.
    ///
    /// - Returns: Whether the owner will get it.
    func put(_ datagram: RawSpan, path: NetworkPath, ecn: ECN) -> Bool {
        // The allocator may take its time: the lock is for the ring only.
        put(HandedDatagram(copying: datagram, path: path, ecn: ecn)) == .taken
    }

    /// The datagrams that went through it, and the bytes of those that wait.
    var statistics: HandOverStatistics {
        let counts = counts
        var statistics = HandOverStatistics()
        statistics.handed = counts.admitted
        statistics.received = counts.taken + counts.dropped
        statistics.overflowed = counts.refused
        statistics.waitingBytes = counts.waitingBytes
        return statistics
    }
}
