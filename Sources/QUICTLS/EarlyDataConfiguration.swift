/// How a server accepts early data (0-RTT). RFC 9001 §4.6, RFC 8446 §8.
///
/// A client that has a ticket of an earlier connection sends its first bytes together with its ClientHello. They may be a *replay*: whoever
/// saw them on the way can send them once more. This server accepts each ClientHello's early data once, over all its workers, and
/// refuses what it cannot be sure of: the client then sends the same bytes again when the handshake is complete, and loses a round
/// trip. Two things stay true whatever a server does, so that early data is off by default and each service has to ask for it
/// (``QUICTransport/StreamService/acceptsEarlyData``):
///
/// - Several servers behind one address each know their own ClientHellos only. Tickets of one are nothing to another, so a replay is
///   refused there; the *client* may send its bytes again to the other one, as it may after any failure.
/// - Early data has no forward secrecy: the key of a ticket decrypts it.
///
/// So it is safe for requests that may be handled twice without harm, such as GET (RFC 8470 §2.2, RFC 9110 §9.2.2: idempotent methods).
/// It is not for those that pay, post or count. ``QUICTransport/Stream/arrivedEarly`` tells them apart.
public struct EarlyDataConfiguration: Sendable, Hashable {
    /// How long a session ticket is accepted, and its ClientHellos are remembered: 1 s to 7 days. Default 1 h. RFC 8446 §4.6.1.
    ///
    /// It counts for resumption without early data as well, which lasts 6 h where early data is off.
    public var ticketLifetime = Duration.seconds(3_600)
    /// Bytes that all workers together keep of ClientHellos whose early data was accepted; at least 4 KiB. Default 1 MiB, which is for
    /// ``connectionsPerLifetime`` connections in each lifetime of a ticket. While it is full, early data is refused.
    public var replayStoreBytesLimit = 1 << 20

    /// The defaults.
    public init() {}

    /// How many connections may begin with early data within one ``ticketLifetime``.
    public var connectionsPerLifetime: Int { ReplayStore.entriesLimit(ofBytes: replayStoreBytesLimit) }

    /// The lifetimes of tickets accepted.
    package static let ticketLifetimeAccepted = Duration.seconds(1)...Duration.seconds(7 * 86_400)
    /// The sizes of a store accepted, in bytes.
    package static let replayStoreBytesAccepted = 4 << 10...1 << 30

    /// A sentence about a value that does not work; nil where all do.
    package var flaw: String? {
        guard Self.ticketLifetimeAccepted.contains(ticketLifetime) else {
            return "a session ticket was to live for \(ticketLifetime); accepted are 1 second to 7 days"
        }
        guard Self.replayStoreBytesAccepted.contains(replayStoreBytesLimit) else {
            return "\(replayStoreBytesLimit) bytes were to be kept of ClientHellos with early data; accepted are "
                + "\(Self.replayStoreBytesAccepted.lowerBound) to \(Self.replayStoreBytesAccepted.upperBound) bytes"
        }
        return nil
    }
}

/// The outcome of a connection's early data. RFC 9001 §4.6.2.
public enum EarlyDataState: Sendable, Hashable {
    /// The client offered none.
    case none
    /// The client offers some, and has not heard of the server.
    case offered
    /// The server took it.
    case accepted
    /// The server did not take it. A client sends it again, when the handshake is complete.
    case rejected
}

/// Connections with early data at an endpoint since its start, by outcome.
public struct EarlyDataCounts: Sendable, Hashable {
    /// Connections that began with an offer of early data.
    public package(set) var offered = 0
    /// Those whose early data the server took.
    public package(set) var accepted = 0
    /// Those whose early data the server did not take.
    public package(set) var rejected = 0
    /// Datagrams of early data that a server dropped because the handshake had no memory for them; their clients send them again.
    public package(set) var heldBack = 0

    /// None yet.
    public init() {}

    /// Adds those of another endpoint.
    package static func += (sum: inout EarlyDataCounts, other: EarlyDataCounts) {
        sum.offered += other.offered
        sum.accepted += other.accepted
        sum.rejected += other.rejected
        sum.heldBack += other.heldBack
    }
}
