internal import Datagrams

/// One direction of a link that all connections share: it sends one datagram after the other, at its rate, and drops some of
/// those that find its queue long.
package struct SharedLink: Sendable {
    /// Which datagrams are dropped.
    package enum Discipline: Sendable, Hashable {
        /// Those that do not fit into the queue.
        case dropTail
        /// From three quarters of the queue on, each with a chance that grows to 1 at its end, as random early detection does.
        ///
        /// A queue that is full all the time drops whatever comes last in a burst. With a thousand connections that is one or
        /// two whose probes are dropped five times in a row, which then wait for seconds, whatever the server does.
        case randomEarly(seed: UInt64)
    }

    /// The rate, IP and UDP headers included.
    package let bitsPerSecond: Int
    /// How many bytes may wait.
    package let queueBytesLimit: Int
    /// Datagrams sent.
    package private(set) var sentDatagrams = 0
    /// Their bytes with headers.
    package private(set) var sentBytes = 0
    /// Datagrams that were dropped.
    package private(set) var droppedDatagrams = 0
    /// The most bytes that waited at once.
    package private(set) var queueBytesPeak = 0
    private let isRandom: Bool
    private var generator: SeededGenerator
    /// When everything that was taken has been sent.
    private var idleFrom = MonotonicInstant(nanoseconds: 0)

    /// The headers of IPv4 and UDP.
    package static let headerBytes = 28
    /// The part of the queue from which on datagrams are dropped early.
    private static let earlyShare = 0.75

    package init(bitsPerSecond: Int, queueBytesLimit: Int, discipline: Discipline = .dropTail) {
        precondition(bitsPerSecond > 0 && queueBytesLimit > 0)
        self.bitsPerSecond = bitsPerSecond
        self.queueBytesLimit = queueBytesLimit
        switch discipline {
        case .dropTail: (isRandom, generator) = (false, SeededGenerator(seed: 0))
        case .randomEarly(let seed): (isRandom, generator) = (true, SeededGenerator(seed: seed))
        }
    }

    /// The share of the link's capacity in `duration` that `bytes` are.
    package func utilisation(ofBytes bytes: Int, in duration: Duration) -> Double {
        Double(bytes) * 8 / (Double(bitsPerSecond) * (duration / .seconds(1)))
    }

    /// Takes a datagram with `count` bytes of payload.
    ///
    /// - Returns: When its last bit is sent; nil when it is dropped.
    mutating func send(_ count: Int, at now: MonotonicInstant) -> MonotonicInstant? {
        let bytes = count + Self.headerBytes
        let waiting = bytesSent(in: now.duration(to: max(now, idleFrom))) + bytes
        guard waiting <= queueBytesLimit, !isDroppedEarly(withWaiting: waiting) else {
            droppedDatagrams += 1
            return nil
        }
        queueBytesPeak = max(queueBytesPeak, waiting)
        sentDatagrams += 1
        sentBytes += bytes
        idleFrom = max(now, idleFrom).advanced(by: .nanoseconds(bytes * 8 * 1_000_000_000 / bitsPerSecond))
        return idleFrom
    }

    private mutating func isDroppedEarly(withWaiting waiting: Int) -> Bool {
        let share = Double(waiting) / Double(queueBytesLimit)
        guard isRandom, share > Self.earlyShare else { return false }
        let excess = (share - Self.earlyShare) / (1 - Self.earlyShare)
        return generator.chance(excess * excess)
    }

    private func bytesSent(in duration: Duration) -> Int {
        Int(Double(duration.wholeNanoseconds) * Double(bitsPerSecond) / 8e9)
    }
}
