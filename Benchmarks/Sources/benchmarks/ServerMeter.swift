/// Tells the CPU time of a server's calls from that of its clients in the same thread, by phase of a connection's life.
struct ServerMeter {
    /// What happens while a call is made.
    enum Phase: String, CaseIterable {
        /// Caches and tables are filled; not counted.
        case warmUp
        case handshake
        case echo
        case idle
        case release
    }

    private(set) var phase = Phase.warmUp
    /// The phase whose instructions callgrind is to collect; nil for all.
    var collectedPhase: Phase?
    private(set) var nanoseconds: [Phase: UInt64] = [:]
    private var laps: [Phase: [Double]] = [:]
    private var lapStart: UInt64 = 0

    /// Calls `body`, which makes calls into the server and does nothing else of weight.
    mutating func measure(_ body: () -> Void) {
        let isCollected = phase != .warmUp && (collectedPhase ?? phase) == phase
        let start = ThreadClock.nanoseconds
        if isCollected { collectInstructions(body) } else { body() }
        nanoseconds[phase, default: 0] += ThreadClock.nanoseconds - start
    }
}

extension ServerMeter {
    /// Notes what the phase took since the lap before, divided by `units`.
    mutating func endLap(units: Int) {
        let total = nanoseconds[phase] ?? 0
        laps[phase, default: []].append(Double(total - lapStart) / Double(units))
        lapStart = total
    }

    /// Begins a phase and its first lap.
    mutating func begin(_ next: Phase) {
        phase = next
        lapStart = nanoseconds[next] ?? 0
    }

    /// Nanoseconds a unit of the lap that a tenth of all laps were faster than, in which nothing else got in the way;
    /// nil when there was none.
    func quietLap(of phase: Phase) -> Double? {
        laps[phase].map { $0.sorted()[$0.count / 10] }
    }
}

/// Calls `body`. Callgrind collects instructions between the entry of the function of this name and its return.
@inline(never)
private func collectInstructions(_ body: () -> Void) {
    body()
}
