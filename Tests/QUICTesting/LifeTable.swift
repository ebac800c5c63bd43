internal import Datagrams
internal import QUICTransport

/// What became of the lives of a ``LifeSimulation``, by point and manner.
package struct LifeTable: Sendable {
    /// The lives that were to vanish at one point in one manner.
    package struct Row: Sendable {
        /// Lives that were begun.
        package internal(set) var lives = 0
        /// Those that vanished at their point; the others ended before, by loss.
        package internal(set) var vanished = 0
        /// What the server held for each of these at that moment: the sum, and the most.
        package internal(set) var bytesHeld = (sum: 0, most: 0)
        /// How long it then held it, in virtual time: the sum, and the longest.
        package internal(set) var heldFor = (sum: Duration.zero, longest: Duration.zero)
        /// Why the server's side ended, by ``CloseCause/label``.
        ///
        /// All of them from the start, so that a simulation's heap does not grow with what it sees.
        package internal(set) var causes = Dictionary(uniqueKeysWithValues: CloseCause.labels.map { ($0, 0) })

        /// The mean of what the server held for a life when it vanished.
        package var meanBytesHeld: Int { vanished == 0 ? 0 : bytesHeld.sum / vanished }
        /// The mean of how long it held it.
        package var meanHeldFor: Duration { vanished == 0 ? .zero : heldFor.sum / vanished }

        mutating func count(_ life: Life) {
            lives += 1
            if let cause = life.serverEnd?.cause { causes[cause.label, default: 0] += 1 }
            guard let vanishedAt = life.vanishedAt, let end = life.serverEnd else { return }
            vanished += 1
            let period = life.recordPeriod ?? vanishedAt.duration(to: end.time)
            bytesHeld = (bytesHeld.sum + life.bytesHeld, max(bytesHeld.most, life.bytesHeld))
            heldFor = (heldFor.sum + period, max(heldFor.longest, period))
        }
    }

    /// Lives that were begun.
    package private(set) var lives = 0
    /// Lives whose client vanished at its point.
    package private(set) var vanished = 0
    private var rows = [Row](repeating: Row(), count: LifePlan.wayCount)

    /// No life.
    package init() {}

    /// What became of the lives of one kind.
    package subscript(point: AbandonPoint, manner: AbandonManner) -> Row {
        rows[Self.index(point, manner)]
    }

    mutating func count(_ life: Life) {
        lives += 1
        if life.vanishedAt != nil { vanished += 1 }
        rows[Self.index(life.plan.point, life.plan.manner)].count(life)
    }

    private static func index(_ point: AbandonPoint, _ manner: AbandonManner) -> Int {
        let points = AbandonPoint.allCases.firstIndex(of: point) ?? 0
        let manners = AbandonManner.allCases.firstIndex(of: manner) ?? 0
        return points * AbandonManner.allCases.count + manners
    }
}
