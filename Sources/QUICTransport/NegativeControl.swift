#if NEGATIVE_CONTROLS
import Glibc
import Synchronization

/// Ways to break what the project promises on purpose, so that tests see their checks fail. docs/testing.md lists them.
///
/// Compiled in only with the package trait `NegativeControls`; chosen by the environment variable
/// `QUICHARNESS_NEGATIVE_CONTROL`. All but the first and the last strike a single connection of a server: a check that notices one
/// among thousands notices more as well.
package enum NegativeControl: String, CaseIterable, Sendable {
    /// Closed connections stay in a collection that nothing clears, with their routes.
    case keepClosedConnections = "keep-closed-connections"
    /// The deadline of a connection stays in the queue when the connection is released.
    case forgetTimer = "forget-timer"
    /// The bytes of a stream are not given back when its connection ends.
    case leakRing = "leak-ring"
    /// A TLS session is let go of without being freed.
    case dropTLSFree = "drop-tls-free"
    /// The IDs of a closed connection are remembered in a set that nothing clears.
    case keepTombstone = "keep-tombstone"
    /// Nothing of ours defends a server: attacks must then do what they are meant to do.
    case defencesOff = "defences-off"
    /// The workers count their turns in one place, without a word to each other.
    case dataRace = "data-race"

    private static let variable = "QUICHARNESS_NEGATIVE_CONTROL"
    private static let requested = unsafe getenv(variable).map { unsafe String(cString: $0) }
    private static let chosen = requested.flatMap(NegativeControl.init(rawValue:))
    /// Late enough that a check of the first few connections would not do.
    private static let strikingOccasion = 10
    private static let occasions = Atomic(0)

    /// What is wrong with the choice, and what is accepted; nil for a control there is, and for none.
    ///
    /// A program asks at start: a misspelt control would make a check seem to have failed to notice it.
    package static var refusal: String? {
        guard let requested, chosen == nil else { return nil }
        let accepted = allCases.map(\.rawValue).joined(separator: ", ")
        return "\(variable) \(requested) is no negative control: use \(accepted)"
    }

    /// Whether this one was chosen.
    package var isChosen: Bool { Self.chosen == self }

    /// A count that knows nothing of threads.
    private final class UnguardedCount: @unchecked Sendable {
        var value = 0
    }

    private static let turns = UnguardedCount()

    /// Races with every other thread that calls it, when that was chosen.
    package static func countTurn() {
        if dataRace.isChosen { turns.value += 1 }
    }

    /// Whether this one was chosen and strikes now, of all occasions it has in the life of the process.
    package var strikes: Bool {
        isChosen && Self.occasions.add(1, ordering: .relaxed).newValue == Self.strikingOccasion
    }
}
#endif
