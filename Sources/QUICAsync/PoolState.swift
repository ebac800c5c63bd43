/// Which elements of a pool are idle and which in use, without clocks, tasks or connections: a ``ConnectionPool`` carries its decisions out.
///
/// It knows elements by the key they belong to, and only those that exist: nothing remembers one that is gone, and a key without
/// elements and without tasks that wait has no entry.
///
/// Owns: an entry for each key in use. Bound: ``PoolLimits/connectionsPerServer`` elements for each key, and the tasks that wait.
struct PoolState<Key: Hashable & Sendable, Element: AnyObject & Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A use of an element, from the moment at which it was asked for.
    struct Use: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    /// The next step of a task that asks for an element.
    enum Decision: Sendable {
        /// Use this one.
        case use(Element, Use)
        /// Make another.
        case make(Use)
        /// Wait until one of these is decided for this ticket.
        case wait(ticket: UInt64)
    }

    /// A decision for a task that waits.
    struct Grant: Sendable {
        let ticket: UInt64
        let decision: Decision
    }

    /// The consequences of an event.
    struct Outcome: Sendable {
        /// Elements that are no longer in the pool, and have to be closed.
        var closing: [Element] = []
        var grants: [Grant] = []
        /// Uses that last longer than they should.
        var longUses: [LongUse] = []
    }

    private struct Idle {
        let element: Element
        let madeAt: Instant
        let since: Instant
    }

    private struct Busy {
        let key: Key
        let place: SourcePlace
        let since: Instant
        /// Nil while it is made.
        var element: Element?
        var madeAt: Instant
        var isReported = false
    }

    private struct Entry {
        var idle: [Idle] = []
        var busyCount = 0
        var waiting: [(ticket: UInt64, place: SourcePlace)] = []

        var isEmpty: Bool { idle.isEmpty && busyCount == 0 && waiting.isEmpty }
    }

    private let limits: PoolLimits
    private var entries: [Key: Entry] = [:]
    private var busy: [Use: Busy] = [:]
    private var lastNumber: UInt64 = 0
    private var longUseCount = 0

    init(limits: PoolLimits) {
        self.limits = limits
    }

    /// The number of keys, elements and tasks now.
    var statistics: PoolStatistics {
        var statistics = PoolStatistics()
        statistics.servers = entries.count
        statistics.idle = entries.values.reduce(0) { $0 + $1.idle.count }
        statistics.inUse = busy.count
        statistics.waiting = entries.values.reduce(0) { $0 + $1.waiting.count }
        statistics.longUses = longUseCount
        return statistics
    }
}

// MARK: - Uses

extension PoolState {
    /// A task asks for an element of `key`. Elements that are too old are found, and closed, on the way.
    mutating func take(_ key: Key, at place: SourcePlace, now: Instant) -> (Decision, closing: [Element]) {
        var closing: [Element] = []
        // The one that was used last has the warmest path; the others may reach their idle timeout.
        while let idle = entries[key]?.idle.popLast() {
            guard isFresh(idle, now: now) else {
                closing.append(idle.element)
                continue
            }
            return (.use(idle.element, begin(key, place, now, idle.element, madeAt: idle.madeAt)), closing)
        }
        if entries[key, default: Entry()].busyCount < limits.connectionsPerServer {
            return (.make(begin(key, place, now, nil, madeAt: now)), closing)
        }
        let ticket = nextNumber()
        entries[key]?.waiting.append((ticket, place))
        return (.wait(ticket: ticket), closing)
    }

    /// The element of a use was made.
    mutating func didMake(_ element: Element, for use: Use, now: Instant) {
        busy[use]?.element = element
        busy[use]?.madeAt = now
    }

    /// A use is over, or its element could not be made.
    ///
    /// - Parameter isUsable: Whether its element may be used again.
    mutating func end(_ use: Use, isUsable: Bool, now: Instant) -> Outcome {
        guard let ended = busy.removeValue(forKey: use) else { return Outcome() }
        var outcome = Outcome()
        entries[ended.key]?.busyCount -= 1
        if let element = ended.element {
            if isUsable, ended.madeAt.duration(to: now) < limits.maximumLifetime {
                entries[ended.key]?.idle.append(Idle(element: element, madeAt: ended.madeAt, since: now))
            } else {
                outcome.closing.append(element)
            }
        }
        serveNext(of: ended.key, &outcome, now: now)
        return outcome
    }

    /// A task no longer waits.
    ///
    /// - Returns: Whether it waited still.
    mutating func cancel(_ ticket: UInt64, of key: Key) -> Bool {
        let index = entries[key]?.waiting.firstIndex { $0.ticket == ticket }
        if let index { entries[key]?.waiting.remove(at: index) }
        forgetIfEmpty(key)
        return index != nil
    }

    private mutating func begin(
        _ key: Key,
        _ place: SourcePlace,
        _ now: Instant,
        _ element: Element?,
        madeAt: Instant
    ) -> Use {
        let use = Use(number: nextNumber())
        entries[key, default: Entry()].busyCount += 1
        busy[use] = Busy(key: key, place: place, since: now, element: element, madeAt: madeAt)
        return use
    }

    /// The task that has waited longest has its turn, if there is room for it now.
    private mutating func serveNext(of key: Key, _ outcome: inout Outcome, now: Instant) {
        defer { forgetIfEmpty(key) }
        guard let entry = entries[key], let next = entry.waiting.first,
            !entry.idle.isEmpty || entry.busyCount < limits.connectionsPerServer
        else { return }
        entries[key]?.waiting.removeFirst()
        let (decision, closing) = take(key, at: next.place, now: now)
        outcome.closing += closing
        outcome.grants.append(Grant(ticket: next.ticket, decision: decision))
    }

    private mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    private mutating func forgetIfEmpty(_ key: Key) {
        if entries[key]?.isEmpty == true { entries[key] = nil }
    }

    private func isFresh(_ idle: Idle, now: Instant) -> Bool {
        idle.since.duration(to: now) < limits.idleTimeout && idle.madeAt.duration(to: now) < limits.maximumLifetime
    }
}

// MARK: - Ends

extension PoolState {
    /// An element of `key` has ended by itself. Its own entry is told, and no other.
    mutating func didEnd(_ element: Element, of key: Key) {
        entries[key]?.idle.removeAll { $0.element === element }
        forgetIfEmpty(key)
    }

    /// Takes out the elements that were idle for too long, and finds the uses that last too long.
    mutating func expire(now: Instant) -> Outcome {
        var outcome = Outcome()
        for key in Array(entries.keys) {
            let idle = entries[key]?.idle ?? []
            outcome.closing += idle.filter { !isFresh($0, now: now) }.map(\.element)
            let fresh = idle.filter { isFresh($0, now: now) }
            entries[key]?.idle = fresh
            forgetIfEmpty(key)
        }
        guard let threshold = limits.longUseThreshold else { return outcome }
        for (use, item) in busy where !item.isReported && item.since.duration(to: now) >= threshold {
            busy[use]?.isReported = true
            longUseCount += 1
            outcome.longUses.append(LongUse(place: item.place, duration: item.since.duration(to: now)))
        }
        return outcome
    }

    /// Takes everything out that is idle; tasks that wait are told by their tickets.
    mutating func removeAll() -> (closing: [Element], tickets: [UInt64]) {
        let closing = entries.values.flatMap { $0.idle.map(\.element) }
        let tickets = entries.values.flatMap { $0.waiting.map(\.ticket) }
        for key in Array(entries.keys) {
            entries[key]?.idle = []
            entries[key]?.waiting = []
            forgetIfEmpty(key)
        }
        return (closing, tickets)
    }

    /// Whether the passing of time can change anything.
    var needsTime: Bool {
        entries.values.contains { !$0.idle.isEmpty }
            || (limits.longUseThreshold != nil && busy.values.contains { !$0.isReported })
    }
}
