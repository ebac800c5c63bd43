public import QUICTransport

/// How many connections were made, live in each state, and ended for each cause.
public struct ConnectionCounts: Sendable, Hashable {
    /// Connections made since start.
    public internal(set) var created = 0
    /// Connections whose close callback has fired. `created - closed` is what lives.
    public internal(set) var closed = 0
    /// Connections whose handshake is under way.
    public internal(set) var handshaking = 0
    /// Connections whose handshake is complete.
    public internal(set) var established = 0
    /// Records that answer late packets with CONNECTION_CLOSE.
    public internal(set) var closing = 0
    /// Records that swallow late packets.
    public internal(set) var draining = 0
    /// Handshakes completed since start.
    public internal(set) var handshakesCompleted = 0
    /// Closed connections by ``QUICTransport/CloseCause/label``.
    public internal(set) var closedByCause: [String: Int] = [:]

    /// Connections that ended because they asked for more memory than they may hold, by the limit they met.
    public internal(set) var budgetExceeded: [MemoryCap: Int] = [:]

    /// Nothing yet.
    public init() {}

    /// Connections that have not ended.
    public var live: Int { handshaking + established }

    /// Adds another endpoint's counts.
    public static func += (sum: inout ConnectionCounts, other: ConnectionCounts) {
        sum.created += other.created
        sum.closed += other.closed
        sum.handshaking += other.handshaking
        sum.established += other.established
        sum.closing += other.closing
        sum.draining += other.draining
        sum.handshakesCompleted += other.handshakesCompleted
        sum.budgetExceeded.merge(other.budgetExceeded, uniquingKeysWith: +)
        sum.closedByCause.merge(other.closedByCause, uniquingKeysWith: +)
    }
}
