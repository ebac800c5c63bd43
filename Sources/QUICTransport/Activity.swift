import Datagrams

/// The good that comes of a connection: the progress of its streams, and the packets that bring nothing.
struct Activity {
    private var progress: ProgressWatch
    private(set) var meter = PacketMeter()
    /// When as many datagrams may be let through again as in each second, where others are dropped for want of memory.
    private var nextShedAllowance = MonotonicInstant(nanoseconds: 0)
    private var shedAllowance: UInt8 = 0

    /// The time without progress after which some are let through, and more after as long again.
    private static let shedPatience = Duration.seconds(1)
    /// Two probes, and the first of what the peer sends anew when it learns from their acknowledgement what was lost. RFC 9002 §6.2.4.
    private static let datagramsPerShedPatience: UInt8 = 8

    init(at now: MonotonicInstant) {
        progress = ProgressWatch(at: now)
    }

    /// Bytes of the application's arrived, or were acknowledged.
    ///
    /// - Parameter minimum: ``TransportConfiguration/minimumProgressBytes``.
    mutating func noteBytes(_ count: Int, minimum: Int, at now: MonotonicInstant) {
        progress.noteBytes(count, minimum: minimum, at: now)
        meter.noteUseful(count)
    }

    /// Bytes of the application's left that nobody acknowledges to it. That makes no packet of the peer's useful.
    mutating func noteSentDatagram(_ count: Int, minimum: Int, at now: MonotonicInstant) {
        progress.noteBytes(count, minimum: minimum, at: now)
    }

    /// A stream has opened.
    mutating func noteOpenedStream(_ id: StreamID, at now: MonotonicInstant) {
        if id.isBidirectional { progress.noteOpenedStream(at: now) }
    }

    /// A stream has closed.
    ///
    /// - Parameter isComplete: Whether it ended with FIN, both ways if it has two.
    mutating func noteClosedStream(_ id: StreamID, isComplete: Bool, at now: MonotonicInstant) {
        if id.isBidirectional { progress.noteClosedStream() }
        guard isComplete else { return }
        progress.noteCompleteStream(at: now)
        meter.noteUseful(PacketMeter.usefulBytesPerCompleteStream)
    }

    /// Packets of the peer's were opened: ``PacketMeter/noteOpened(_:since:at:)``.
    mutating func noteOpened(_ packets: UInt32, since before: PacketMeter, at now: MonotonicInstant) {
        meter.noteOpened(packets, since: before, at: now)
    }

    /// The end of a connection whose client keeps the server busy for nothing, with more than `limit` packets a second.
    func end(_ limit: Int) -> ConnectionEnd? {
        meter.uselessPackets > limit ? .close(.uselessPackets) : nil
    }

    /// When the connection has made no progress for too long.
    func deadline(_ limits: TransportConfiguration) -> MonotonicInstant {
        progress.deadline(limits)
    }

    /// Whether it has made none for as long as `patience`.
    func isStalled(for patience: Duration, at now: MonotonicInstant) -> Bool {
        progress.isStalled(for: patience, at: now)
    }

    /// Whether a datagram is let through although others are dropped for want of memory; counts it if so.
    mutating func admitsWhileShed(at now: MonotonicInstant) -> Bool {
        guard isStalled(for: Self.shedPatience, at: now) else { return false }
        if now >= nextShedAllowance {
            nextShedAllowance = now.advanced(by: Self.shedPatience)
            shedAllowance = Self.datagramsPerShedPatience
        }
        guard shedAllowance > 0 else { return false }
        shedAllowance -= 1
        return true
    }
}

extension Connection {
    /// Whether a datagram that arrives is to be handled although those of its connection are dropped for want of memory, and counts it
    /// if so: eight in each second without progress.
    package func admitsWhileShed(at now: MonotonicInstant) -> Bool {
        activity.admitsWhileShed(at: now)
    }

    /// Whether it has made no progress on its streams for as long as `patience`.
    package func isStalled(for patience: Duration, at now: MonotonicInstant) -> Bool {
        activity.isStalled(for: patience, at: now)
    }
}
