import Datagrams

/// Which client has which place, up to a limit. A new client may get the place of one that has been quiet for a while.
///
/// Owns: an entry of about 150 bytes for each client there ever was at once. Released by: its own end. Bound: its limit.
package struct ClientTable {
    private struct Entry {
        var path: NetworkPath
        var lastHeard: MonotonicInstant
        var generation: UInt32
    }

    /// A client that may use the relay.
    package struct Admission: Hashable, Sendable {
        /// The client.
        package let client: ClientID
        /// Whether it is new, so that there is nothing at its place that belongs to it.
        package let isNew: Bool
        /// Whether its place was another client's until now.
        package let hasEvicted: Bool
    }

    /// How long a client must have been quiet before it makes room for another.
    package static let quietPeriod = Duration.seconds(1)

    private let limit: Int
    private var entries: [Entry] = []
    private var places: [NetworkPath: Int] = [:]
    /// Datagrams of one client often come one after the other.
    private var latest = 0

    /// A table without clients.
    package init(limit: Int) {
        precondition(limit > 0)
        self.limit = limit
    }

    /// The client that sends along `path`; nil when there is no room for it.
    package mutating func admit(_ path: NetworkPath, at now: MonotonicInstant) -> Admission? {
        if latest < entries.count, entries[latest].path == path { return known(latest, at: now) }
        if let place = places[path] { return known(place, at: now) }
        let entry = Entry(path: path, lastHeard: now, generation: 0)
        guard entries.count == limit else {
            entries.append(entry)
            return begin(entries.count - 1, hasEvicted: false)
        }
        let quietest = entries.indices.min { entries[$0].lastHeard < entries[$1].lastHeard }
        guard let quietest, entries[quietest].lastHeard.duration(to: now) >= Self.quietPeriod else { return nil }
        places[entries[quietest].path] = nil
        let generation = entries[quietest].generation &+ 1
        entries[quietest] = Entry(path: path, lastHeard: now, generation: generation)
        return begin(quietest, hasEvicted: true)
    }

    /// The path of `client`; nil when it is gone.
    package func path(of client: ClientID) -> NetworkPath? {
        let entry = entries[Int(client.place)]
        return entry.generation == client.generation ? entry.path : nil
    }

    /// The client at `place`, which has one.
    package func client(at place: Int) -> ClientID {
        ClientID(place: UInt32(place), generation: entries[place].generation)
    }

    private mutating func known(_ place: Int, at now: MonotonicInstant) -> Admission {
        latest = place
        entries[place].lastHeard = now
        return Admission(client: client(at: place), isNew: false, hasEvicted: false)
    }

    private mutating func begin(_ place: Int, hasEvicted: Bool) -> Admission {
        places[entries[place].path] = place
        latest = place
        return Admission(client: client(at: place), isNew: true, hasEvicted: hasEvicted)
    }
}
