import Datagrams

/// A long way for datagrams: each is handed over some time after it came.
///
/// Owns: a copy of each datagram under way. Released by: ``takeDue(at:)``, or its end. Bound: by what comes within the delay.
struct DelayLine {
    /// A datagram under way.
    struct Datagram {
        let bytes: [UInt8]
        let path: NetworkPath
        let ecn: ECN
        fileprivate let arrival: MonotonicInstant
    }

    private let delay: Duration
    private var waiting: [Datagram] = []
    private var head = 0

    init(delay: Duration) {
        self.delay = delay
    }

    mutating func append(_ bytes: [UInt8], path: NetworkPath, ecn: ECN, at now: MonotonicInstant) {
        waiting.append(Datagram(bytes: bytes, path: path, ecn: ecn, arrival: now.advanced(by: delay)))
    }

    /// The next datagram that has come the whole way; nil when there is none yet.
    mutating func takeDue(at now: MonotonicInstant) -> Datagram? {
        guard head < waiting.count, waiting[head].arrival <= now else { return nil }
        defer {
            head += 1
            // Those that have arrived are removed when they are the larger half, so that each is moved at most once.
            if 2 * head >= waiting.count {
                waiting.removeFirst(head)
                head = 0
            }
        }
        return waiting[head]
    }
}
