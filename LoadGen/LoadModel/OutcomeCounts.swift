/// How many connections ended how, and how many came how far before they ended.
public struct OutcomeCounts: Sendable, Equatable {
    /// Connections that began.
    public var scheduled = 0
    /// Connections the server sent anything to, however they ended; nil where that was not counted.
    public var answered: Int?
    /// Connections whose handshake was completed, however they ended.
    public var established = 0
    /// Connections that received a complete answer to their first message.
    public var used = 0
    /// Connections that received all their answers: with the protocol `echo`, back the very bytes they sent.
    public var echoed = 0
    /// Connections left in silence, as their mode asks.
    public var abandoned = 0
    /// Connections that sent CONNECTION_CLOSE, as their mode asks.
    public var closed = 0

    private var counts: [ConnectionOutcome: Int] = [:]

    /// Nothing counted yet.
    public init() {}

    /// Counts the end of one connection, or of `count`.
    public mutating func record(_ outcome: ConnectionOutcome, count: Int = 1) {
        guard count != 0 else { return }
        counts[outcome, default: 0] += count
    }

    /// Adds what another worker counted.
    public mutating func add(_ other: OutcomeCounts) {
        scheduled += other.scheduled
        if let count = other.answered { answered = (answered ?? 0) + count }
        established += other.established
        used += other.used
        echoed += other.echoed
        abandoned += other.abandoned
        closed += other.closed
        counts.merge(other.counts, uniquingKeysWith: +)
    }

    /// How many connections had this outcome.
    public func count(of outcome: ConnectionOutcome) -> Int { counts[outcome, default: 0] }

    /// Connections that ended, whichever way.
    public var ended: Int { counts.values.reduce(0, +) }

    /// Connections that did all their mode asks for.
    public var completed: Int { count(of: .completed) }

    /// Connections that ended in any other way.
    public var failed: Int { ended - completed }

    /// Connections ended by a TLS alert, whichever code it carried.
    public var alerts: Int { counts.reduce(0) { if case .alert = $1.key { $0 + $1.value } else { $0 } } }

    /// The failures that happened and how often, alerts by code after the others.
    public var failures: [(outcome: ConnectionOutcome, count: Int)] {
        let alerts = counts.keys.compactMap { if case .alert(let code) = $0 { code } else { nil } }
        let outcomes = ConnectionOutcome.withoutAlerts.filter(\.isFailure) + alerts.sorted().map { .alert($0) }
        return outcomes.map { ($0, count(of: $0)) }.filter { $0.count != 0 }
    }
}
