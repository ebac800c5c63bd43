import BoundedMemory
import Datagrams
import QUICTransport

/// The latest events of one endpoint. When it is full the oldest event goes, and is counted.
///
/// Events of connections are kept one by one. Those that a stranger can cause with any datagram, refusals and packets that
/// another worker did not take, are kept once a second for each cause, with the number of those left out.
///
/// It belongs to the endpoint and not to any connection, so its bytes are in no ledger: ``statistics`` has them.
///
/// Owns: one block of slots. Released by: `deinit`. Bound: ``capacity`` slots of 72 bytes, taken as they are needed; nothing
/// more is allocated once they are.
public final class EventLog {
    /// Events an endpoint keeps by default: 18 KB.
    public static let capacityDefault = 256
    /// The most events an endpoint can be told to keep: 5 MB.
    public static let capacityLimit = 65_536
    /// How often an event that a stranger can cause is kept, for each cause.
    static let repeatInterval = Duration.seconds(1)

    /// How many events are kept; 0 for none.
    public let capacity: Int
    private var events: RingBuffer<EndpointEvent>
    private var droppedCount = 0
    /// One for each kind of refusal, and one for packets handed over in vain.
    private var repeats = InlineArray<7, Repeat>(repeating: Repeat())

    /// One cause that may repeat without end.
    private struct Repeat {
        /// When an event of it was kept last; nil for never.
        var keptAt: MonotonicInstant?
        /// How many have happened since.
        var count = 0
    }

    /// An empty log, which holds no memory.
    ///
    /// - Parameter capacity: How many events it keeps, from 0 to ``capacityLimit``.
    init(capacity: Int) {
        precondition((0...Self.capacityLimit).contains(capacity))
        precondition(repeats.count == 1 + EndpointEvent.Refusal.allCases.count, "a kind of refusal has no place")
        self.capacity = capacity
        events = RingBuffer(capacityLimit: max(1, capacity))
    }

    /// The events that are kept, oldest first.
    public var latest: [EndpointEvent] {
        (0..<events.count).map { events[$0] }
    }

    /// How many events are kept, how many are gone, and what they take.
    public var statistics: EventLogStatistics {
        EventLogStatistics(events: events.count, dropped: droppedCount, bytes: events.allocatedBytes)
    }

    /// Keeps what happened to `connection`.
    func append(_ kind: EndpointEvent.Kind, of connection: Connection, at now: MonotonicInstant) {
        guard capacity > 0 else { return }
        append(
            EndpointEvent(
                time: now,
                kind: kind,
                connection: connection.handle,
                remote: connection.path?.remote,
                liveBytes: connection.account.liveBytes,
                peakBytes: connection.account.peakBytes,
                count: 1
            )
        )
    }

    /// Keeps what a datagram from `remote` caused, unless that happened less than ``repeatInterval`` ago.
    func append(_ kind: EndpointEvent.Kind, from remote: SocketAddress, at now: MonotonicInstant) {
        guard capacity > 0, let index = Self.repeatIndex(of: kind) else { return }
        repeats[index].count += 1
        if let keptAt = repeats[index].keptAt, now < keptAt.advanced(by: Self.repeatInterval) { return }
        append(
            EndpointEvent(
                time: now,
                kind: kind,
                connection: nil,
                remote: remote,
                liveBytes: 0,
                peakBytes: 0,
                count: repeats[index].count
            )
        )
        repeats[index] = Repeat(keptAt: now)
    }

    func append(_ event: EndpointEvent) {
        if events.pushDisplacing(event) != nil { droppedCount += 1 }
    }

    private static func repeatIndex(of kind: EndpointEvent.Kind) -> Int? {
        switch kind {
        case .handOverOverflow: 0
        case .refused(let refusal): 1 + Int(refusal.rawValue)
        case .accepted, .established, .budgetExceeded, .closed: nil
        }
    }
}
