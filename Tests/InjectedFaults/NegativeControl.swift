import Glibc
import Synchronization

/// Ways to break what the project promises on purpose, so that tests see their checks fail. docs/testing.md lists them.
///
/// Linked only with the trait `NegativeControls`; chosen by the environment variable
/// `QUICHARNESS_NEGATIVE_CONTROL`. All but the first and the last strike a single connection of a server: a check that notices one
/// among thousands notices more as well.
enum NegativeControl: String, CaseIterable, Sendable {
    /// Closed connections stay in a collection that nothing clears, with their routes.
    case keepClosedConnections = "keep-closed-connections"
    /// The deadline of a connection stays in the queue when the connection is released.
    case forgetTimer = "forget-timer"
    /// The bytes of a stream are not given back when its connection ends.
    case leakRing = "leak-ring"
    /// A TLS session is let go of without being freed.
    case dropTLSFree = "drop-tls-free"
    /// The IDs of a closed connection are remembered until its endpoint goes.
    case keepTombstone = "keep-tombstone"
    /// Nothing of ours defends a server: attacks must then do what they are meant to do.
    case defencesOff = "defences-off"
    /// Every change of a client's address is followed, which ngtcp2 1.11 does not survive.
    case unguardedMigration = "unguarded-migration"
    /// The threads of the workers write to the same word as they begin, without a word to each other.
    case dataRace = "data-race"

    private static let variable = "QUICHARNESS_NEGATIVE_CONTROL"
    private static let requested = ProcessEnvironment.value(of: variable)
    private static let chosen = requested.flatMap(NegativeControl.init(rawValue:))
    /// Late enough that a check of the first few connections would not do.
    private static let strikingOccasion = 10
    private static let occasions = Atomic(0)

    /// What is wrong with the choice, and what is accepted; nil for a control there is, and for none.
    static var refusal: String? {
        guard let requested, chosen == nil else { return nil }
        let accepted = allCases.map(\.rawValue).joined(separator: ", ")
        return "\(variable) \(requested) is no negative control: use \(accepted)"
    }

    /// Whether there is a choice.
    static var isAnyChosen: Bool { chosen != nil }

    /// Whether this one was chosen.
    var isChosen: Bool { Self.chosen == self }

    /// A count that knows nothing of threads.
    private final class UnguardedCount: @unchecked Sendable {
        var value = 0
    }

    private static let starts = UnguardedCount()
    private static let racers = Atomic(0)
    private static let writesPerStart = 100
    /// How often, and how many microseconds at a time, a thread waits for another to race with: half a minute in all.
    private static let (waits, waitMicroseconds) = (3_000, UInt32(10_000))

    /// Races with every other thread that calls it, when that was chosen.
    ///
    /// Certain only at the start of a thread, before it touches anything else: ThreadSanitizer takes each lock, and each datagram
    /// that is sent on one socket and received on any other, for an order between threads. So two of them meet here, by
    /// relaxed operations, which order nothing. One that went ahead could use a lock that the starter of the next one uses too.
    static func raceAtStart() {
        guard dataRace.isChosen else { return }
        let starts = starts
        racers.add(1, ordering: .relaxed)
        for _ in 0..<waits where racers.load(ordering: .relaxed) < 2 { usleep(waitMicroseconds) }
        for _ in 0..<writesPerStart {
            starts.value += 1
            sched_yield()
        }
    }

    /// Whether this one was chosen and strikes now, of all occasions it has in the life of the process.
    func strikes(if isOccasion: @autoclosure () -> Bool) -> Bool {
        isChosen && isOccasion() && Self.occasions.add(1, ordering: .relaxed).newValue == Self.strikingOccasion
    }
}
