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

    var phase = Phase.warmUp
    /// The phase whose instructions callgrind is to collect; nil for all.
    var collectedPhase: Phase?
    private(set) var nanoseconds: [Phase: UInt64] = [:]

    /// Calls `body`, which makes calls into the server and does nothing else of weight.
    mutating func measure(_ body: () -> Void) {
        let isCollected = phase != .warmUp && (collectedPhase ?? phase) == phase
        let start = ThreadClock.nanoseconds
        if isCollected { collectInstructions(body) } else { body() }
        nanoseconds[phase, default: 0] += ThreadClock.nanoseconds - start
    }
}

/// Calls `body`. Callgrind collects instructions between the entry of the function of this name and its return.
@inline(never)
private func collectInstructions(_ body: () -> Void) {
    body()
}
