import Datagrams

/// What a relay has done with the datagrams of one direction.
package struct DirectionCounts: Sendable, Hashable {
    /// Datagrams received.
    package internal(set) var received = 0
    /// Datagrams handed on.
    package internal(set) var delivered = 0
    /// Bytes of UDP payload in ``delivered``.
    package internal(set) var deliveredBytes = 0
    /// Datagrams delayed so that later ones overtook them.
    package internal(set) var reordered = 0
    /// Datagrams dropped at random.
    package internal(set) var lost = 0
    /// Datagrams dropped in an outage.
    package internal(set) var inOutage = 0
    /// Datagrams dropped in front of the limited rate.
    package internal(set) var queueFull = 0
    /// Datagrams dropped because the relay may hold no more.
    package internal(set) var relayFull = 0
    /// Datagrams dropped because they are empty, or larger than an Ethernet path carries.
    package internal(set) var unfit = 0
    /// Datagrams dropped because their client is gone, or was never let in.
    package internal(set) var withoutClient = 0
    /// Datagrams the system did not take.
    package internal(set) var unsent = 0
    /// Datagrams the system dropped before the relay could receive them. Not part of ``received``.
    package internal(set) var overflowed = 0

    /// Nothing yet.
    package init() {}
}

extension DirectionCounts: CustomStringConvertible {
    /// The counts as a part of one line: names and numbers, with commas between them.
    package var description: String {
        """
        received \(received), delivered \(delivered), bytes \(deliveredBytes), reordered \(reordered), lost \(lost), \
        outage \(inOutage), queue full \(queueFull), relay full \(relayFull), unfit \(unfit), \
        without client \(withoutClient), unsent \(unsent), overflowed \(overflowed)
        """
    }
}

/// What a relay has done.
package struct RelayCounts: Sendable, Hashable {
    /// From clients to the server.
    package internal(set) var up = DirectionCounts()
    /// From the server to clients.
    package internal(set) var down = DirectionCounts()
    /// Clients that were let in.
    package internal(set) var clients = 0
    /// Clients that had to make room for others.
    package internal(set) var evicted = 0
    /// How often a client got another port towards the server.
    package internal(set) var rebound = 0
    /// The time from the first datagram received to the last one handed on.
    package internal(set) var lasted = Duration.zero

    /// Nothing yet.
    package init() {}

    subscript(direction: PathDirection) -> DirectionCounts {
        get { direction == .up ? up : down }
        set { if direction == .up { up = newValue } else { down = newValue } }
    }
}

extension RelayCounts: CustomStringConvertible {
    /// All counts in one line.
    package var description: String {
        "up: \(up); down: \(down); \(ofClients)"
    }

    private var ofClients: String {
        let microseconds = lasted.wholeNanoseconds / 1_000
        return "clients \(clients), evicted \(evicted), rebound \(rebound), microseconds \(microseconds)"
    }
}
