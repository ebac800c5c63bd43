/// What each known measure of memory says of a leak check's counted cycles.
struct LeakEvidence: Sendable, Equatable {
    /// One finding for each measure taken after every cycle, in the order of ``MemoryMeasure``.
    let findings: [GrowthFinding]

    /// Judges each measure on its own.
    init(_ cycles: [LeakCycle], tolerance: Double) {
        let inOrder = zip(cycles, cycles.dropFirst()).allSatisfy { $0.connections <= $1.connections }
        guard cycles.count >= LeakAssessment.cyclesLeast, inOrder else {
            findings = []
            return
        }
        findings = MemoryMeasure.allCases.compactMap { measure in
            let points = cycles.compactMap { cycle in
                cycle.memory[measure].map {
                    GrowthSeries.Point(connections: Double(cycle.connections), bytes: Double($0))
                }
            }
            guard points.count == cycles.count else { return nil }
            return GrowthFinding(GrowthSeries(measure: measure, points: points), tolerance: tolerance)
        }
    }

    private subscript(measure: MemoryMeasure) -> GrowthFinding? {
        findings.first { $0.trend.measure == measure }
    }

    /// What the heap's live bytes say.
    var heap: GrowthFinding? { self[.heapInUse] }

    /// What the ledger says.
    var ledger: GrowthFinding? { self[.ledger] }

    /// What the best known live bytes say: the heap's, which include the ledger's.
    var live: GrowthFinding? { heap ?? ledger }

    /// What the best known pages say: those of the process alone before those it shares.
    var pages: GrowthFinding? { self[.privateDirty] ?? self[.proportional] ?? self[.resident] ?? self[.controlGroup] }

    /// The live bytes that grow, if any do: the heap's before the ledger's.
    var growingLive: GrowthFinding? {
        [heap, ledger].compactMap(\.self).first { $0.growth == .steady }
    }
}
