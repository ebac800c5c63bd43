import LoadModel
import Synchronization

/// Watches the attacked server's connections, and remembers how each ended and what it held.
///
/// Owns: 200 bytes for each connection seen. Released by: `deinit`. Bound: by the connections the server accepts during the run.
final class AbuseWitness: Sendable {
    /// What was seen of one connection.
    fileprivate struct Sighting {
        var remote: String
        var peakBytes: Int
        var cause: String?
        var isLive: Bool
    }

    fileprivate struct State {
        var sightings: [String: Sighting] = [:]
        var ledgerPeakBytes = 0
        var rounds = 0
        var latestFailure: String?
    }

    let server: any AbuseServerReading
    private let state = Mutex(State())

    init(_ server: any AbuseServerReading) {
        self.server = server
    }

    /// How often it has looked.
    var rounds: Int { state.withLock { $0.rounds } }

    /// Why it could not look the last time; nil when it could.
    var latestFailure: String? { state.withLock { $0.latestFailure } }

    /// The most that all connections together held since the server started, by its own count.
    var ledgerPeakBytes: Int { state.withLock { $0.ledgerPeakBytes } }

    /// Looks once.
    func look() {
        do {
            let counters = try server.counters()
            let live = try server.connections()
            let ended = try server.ends()
            state.withLock { $0.add(counters: counters, live: live, ended: ended) }
        } catch {
            state.withLock { $0.latestFailure = "\(error)" }
        }
    }

    /// Whether the only connection from `remote` was seen and lives no longer.
    func hasEnded(_ remote: String) -> Bool {
        state.withLock { state in
            let ours = state.sightings.values.filter { $0.remote == remote }
            return !ours.isEmpty && ours.allSatisfy { !$0.isLive }
        }
    }

    /// Whether a connection from one of `remotes` lives.
    func seesLive(_ remotes: Set<String>) -> Bool {
        state.withLock { state in state.sightings.values.contains { $0.isLive && remotes.contains($0.remote) } }
    }

    /// Adds what was seen of connections from `remotes` to `outcome`.
    func conclude(_ outcome: inout AbuseOutcome, of remotes: Set<String>) {
        state.withLock { state in
            for sighting in state.sightings.values where remotes.contains(sighting.remote) {
                outcome.seenConnections += 1
                outcome.heldBytes = max(outcome.heldBytes, sighting.peakBytes)
                if let cause = sighting.cause { outcome.ends[cause, default: 0] += 1 }
            }
        }
        outcome.isObserved = true
    }
}

extension AbuseWitness.State {
    fileprivate mutating func add(
        counters: ServerCounters,
        live: [AttackedConnection],
        ended: [AttackedConnection]
    ) {
        rounds += 1
        latestFailure = nil
        ledgerPeakBytes = max(ledgerPeakBytes, Int(counters["ledger.total.peak_bytes"] ?? 0))
        let liveIDs = Set(live.map(\.id))
        for id in sightings.keys where !liveIDs.contains(id) { sightings[id]?.isLive = false }
        for connection in live { note(connection, isLive: true) }
        for connection in ended { note(connection, isLive: false) }
    }

    private mutating func note(_ connection: AttackedConnection, isLive: Bool) {
        var sighting =
            sightings[connection.id]
            ?? AbuseWitness.Sighting(remote: connection.remote, peakBytes: 0, cause: nil, isLive: isLive)
        sighting.peakBytes = max(sighting.peakBytes, connection.peakBytes)
        sighting.cause = connection.cause ?? sighting.cause
        // A list of live connections may be older than the list of ends.
        sighting.isLive = isLive && sighting.cause == nil
        sightings[connection.id] = sighting
    }
}
