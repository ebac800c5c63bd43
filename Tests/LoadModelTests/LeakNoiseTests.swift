import LoadModel
import Testing

/// Every way in which noise can fall: four levels after each of three to five cycles, with all their combinations.
/// Among them are those that look like a line, a step or a bend, which chance hardly ever makes.
@Suite struct LeakNoiseTests {
    private static let connections = [1_000, 2_000, 10_000]
    private static let levels = [-2e6, -2e6 / 3, 2e6 / 3, 2e6]

    /// How often each verdict comes out for a server over `counted` cycles after one of warm-up.
    private func verdicts(
        leakBytes: Double,
        shape: HarmlessShape,
        counted: Int,
        connections: Int
    ) -> [String: Int] {
        let ways = (0..<counted).reduce(1) { ways, _ in ways * Self.levels.count }
        return (0..<ways).reduce(into: [:]) { counts, way in
            var rest = way
            let cycles = (1...(counted + 1)).map { cycle in
                defer { rest /= Self.levels.count }
                let bytes =
                    50e6 + leakBytes * Double(cycle * connections) + Self.levels[rest % Self.levels.count]
                    + shape.bytes(cycle: cycle, cycles: counted + 1)
                return LeakCycle(connections: cycle * connections, memory: MemoryReading(residentBytes: Int(bytes)))
            }
            counts[LeakAssessment(cycles: cycles).verdict.label, default: 0] += 1
        }
    }

    @Test(arguments: HarmlessShape.allCases, connections)
    func noNoiseMakesALeak(shape: HarmlessShape, connections: Int) {
        for counted in 3...5 {
            let verdicts = verdicts(leakBytes: 0, shape: shape, counted: counted, connections: connections)
            #expect(verdicts["leaks", default: 0] == 0, "\(counted) cycles: \(verdicts)")
        }
    }

    @Test(arguments: HarmlessShape.allCases, connections)
    func noNoiseHidesALeakOfTwiceTheTolerance(shape: HarmlessShape, connections: Int) {
        // Memory that shrinks by more than the leak does return.
        guard shape != .shrinks else { return }
        for counted in 3...5 {
            let verdicts = verdicts(leakBytes: 1_024, shape: shape, counted: counted, connections: connections)
            #expect(verdicts["returns", default: 0] == 0, "\(counted) cycles: \(verdicts)")
        }
    }
}
