import Datagrams

/// The good that comes of a connection: the progress of its streams, and the packets that bring nothing.
struct Activity {
    private var progress: ProgressWatch
    private(set) var meter = PacketMeter()

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
}
