@testable import LoadModel

/// A run of an hour or less: a ramp to 5,000 connections, a hold, and an end, with the target's memory.
func sampleTimeline(seconds: Int = 40, perSecond: Int = 4) -> Timeline {
    var generator = SeededGenerator(seed: 11)
    return Timeline(
        (0...(seconds * perSecond)).map { index in
            let time = Double(index) / Double(perSecond)
            let share = time / Double(seconds)
            let ramp = min(1, share / 0.35)
            let left = share < 0.7 ? 1 : max(0, 1 - (share - 0.7) / 0.15)
            let live = Int(5_000 * ramp * left)
            let handshaking = share < 0.35 ? Int.random(in: 25...60, using: &generator) : 0
            let closing = share >= 0.7 && share < 0.87 ? Int.random(in: 300...420, using: &generator) : 0
            let noise = Int.random(in: -200_000...200_000, using: &generator)
            return TimelineSample(
                seconds: time,
                handshaking: handshaking,
                established: max(0, live - handshaking),
                closing: closing,
                completed: Int(5_000 * ramp) - live,
                handshakesPerSecond: share < 0.35 ? Double.random(in: 330...380, using: &generator) : 0,
                echoesPerSecond: share > 0.01 && share < 0.37 ? Double.random(in: 310...390, using: &generator) : 0,
                residentBytes: (32 << 20) + live * 27_500 + noise + (share > 0.35 ? 2_000_000 : 0),
                ledgerBytes: live * 24_100 + closing * 400
            )
        }
    )
}

/// Latencies of handshakes as a loaded server has them: most alike, a few slow.
func sampleLatencies(_ count: Int, microseconds: ClosedRange<Int>, seed: UInt64) -> LatencyRecorder {
    var generator = SeededGenerator(seed: seed)
    var recorder = LatencyRecorder()
    for _ in 0..<count {
        var value = Int.random(in: microseconds, using: &generator)
        while Int.random(in: 0..<12, using: &generator) == 0 { value *= 3 }
        recorder.record(.microseconds(value))
    }
    return recorder
}

/// A run with everything a report may have.
func sampleReport(timeline: Timeline = sampleTimeline()) throws -> LoadReport {
    var result = perfectResult(of: 4_988, mode: .abandon)
    result.outcomes.answered = 4_996
    result.outcomes.established = 4_991
    result.outcomes.record(.timedOut, count: 9)
    result.outcomes.record(.echoTimedOut, count: 3)
    result.handshake = sampleLatencies(4_991, microseconds: 900...2_600, seed: 3)
    result.echo = sampleLatencies(4_988, microseconds: 240...700, seed: 4)
    result.elapsed = .seconds(40)
    var server = ServerObservation()
    server.record(idleServer(residentBytes: 32 << 20), .before)
    server.record(try busyServer(), .during)
    server.record(idleServer(residentBytes: 34 << 20), .after)
    server.returnSeconds = 1.2
    var report = LoadReport(
        target: "127.0.0.1:4433",
        scenario: try LoadScenario(
            validatingConnections: 5_000,
            ratePerSecond: 360,
            mode: .abandon,
            hold: .seconds(14),
            sockets: 16,
            seed: 42
        ),
        result: result,
        server: server,
        expectations: ServerExpectations(returns: true, residentGrowthBytesLimit: 10 << 20)
    )
    report.timeline = timeline
    return report
}

/// Every way of vanishing, as a server with a handshake timeout of 10 s and an idle timeout of 30 s would hold it.
func sampleMatrix() -> AbandonMatrix {
    AbandonMatrix(
        AbandonPoint.allCases.flatMap { point in
            AbandonManner.allCases.map { manner in
                let bytes = point.isEstablished ? 28_000 : point == .inClosing ? 400 : 62_000
                let isShort = manner == .closeDelivered || point == .inClosing
                let end = isShort ? 1 : point.isEstablished ? 30 : 10
                let samples = (0...40).map { (seconds: Double($0), bytes: $0 < end ? bytes * 1_000 : 0) }
                let held = HeldMemory(samples: samples, baselineBytes: 0, connections: 1_000)
                return MatrixCell(point: point, manner: manner, connections: 1_000, held: held)
            }
        }
    )
}
