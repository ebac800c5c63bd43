import LoadModel
import Testing

/// A server that never was, and its RSS after each cycle of a leak check: what it leaks, what it keeps, and the noise.
struct SyntheticServer {
    /// Bytes that stay for each connection.
    var leakBytes = 0.0
    /// How far RSS may be off, up or down.
    var noiseBytes = 2.0e6
    /// RSS changes by whole steps of an allocator.
    var stepBytes = 64.0 * 1024
    /// Bytes beside the leak, after so many cycles of so many.
    var extraBytes: @Sendable (_ cycle: Int, _ cycles: Int) -> Double = { _, _ in 0 }

    /// RSS after each of `cycles`.
    func resident(cycles: Int, connections: Int, seed: UInt64) -> [LeakCycle] {
        var generator = SeededGenerator(seed: seed)
        return (1...cycles).map { cycle in
            let made = cycle * connections
            let noise = Double.random(in: -noiseBytes...noiseBytes, using: &generator)
            let bytes = 50e6 + leakBytes * Double(made) + extraBytes(cycle, cycles) + noise
            let steps = (bytes / stepBytes).rounded(.up) * stepBytes
            return LeakCycle(connections: made, memory: MemoryReading(residentBytes: Int(steps)))
        }
    }

    /// How often each verdict comes out for `seeds`.
    func verdicts(cycles: Int, connections: Int, seeds: [UInt64]) -> [String: Int] {
        seeds.reduce(into: [:]) { counts, seed in
            let readings = resident(cycles: cycles, connections: connections, seed: seed)
            counts[LeakAssessment(cycles: readings).verdict.label, default: 0] += 1
        }
    }
}

extension SyntheticServer: CustomTestStringConvertible {
    var testDescription: String { "\(Int(leakBytes)) B leak, \(Int(noiseBytes)) B noise" }
}

/// Ways to have memory that is no leak.
enum HarmlessShape: String, CaseIterable {
    case flat, poolFillsAtOnce, poolFillsLate, poolFillsInTheEnd, poolFillsByHalves, allocatorKeepsEverything
    case trimsEverySecondCycle, trimsEveryThirdCycle, oneOutlier, lastIsAnOutlier, shrinks

    /// Bytes after `cycle` of `cycles`.
    func bytes(cycle: Int, cycles: Int) -> Double {
        switch self {
        case .flat: 0
        case .poolFillsAtOnce: cycle >= 2 ? 30e6 : 0
        case .poolFillsLate: cycle >= (cycles + 1) / 2 ? 30e6 : 0
        case .poolFillsInTheEnd: cycle >= cycles - 1 ? 30e6 : 0
        case .poolFillsByHalves: 120e6 * (1 - (0..<cycle).reduce(1.0) { share, _ in share / 2 })
        case .allocatorKeepsEverything: 140e6
        case .trimsEverySecondCycle: Double(cycle % 2) * 10e6
        case .trimsEveryThirdCycle: Double(cycle % 3) * 5e6
        case .oneOutlier: cycle == 3 ? 40e6 : 0
        case .lastIsAnOutlier: cycle == cycles ? 40e6 : 0
        case .shrinks: Double(cycle) * -3e6
        }
    }
}
