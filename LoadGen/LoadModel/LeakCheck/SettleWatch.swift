/// Says when a target has given back what it will: its own counters are zero or its time is up, and its readings have
/// stopped falling.
struct SettleWatch {
    /// How long readings must not have fallen.
    static let quietTime = Duration.seconds(1)

    private let wait: Duration
    private var lowest: MemoryReading?
    private var lastFall = Duration.zero

    /// - Parameter wait: How long a target has whose counters are not zero or not known. One whose readings still fall
    ///   then has as long again.
    init(wait: Duration) {
        self.wait = wait
    }

    /// When the target has settled at the latest.
    var limit: Duration { wait * 2 }

    /// Notes what was read `elapsed` after the last connection ended, and says whether the target has settled.
    mutating func isSettled(_ state: TargetState, at elapsed: Duration) -> Bool {
        note(state.memory, at: elapsed)
        guard elapsed < limit else { return true }
        let isDue = elapsed >= wait || state.unreturned?.isEmpty == true
        return isDue && elapsed - lastFall >= min(Self.quietTime, wait)
    }

    private mutating func note(_ memory: MemoryReading, at elapsed: Duration) {
        guard var lowest else {
            self.lowest = memory
            return
        }
        var hasFallen = false
        func lower(_ value: WritableKeyPath<MemoryReading, Int?>, by step: Int) {
            guard let now = memory[keyPath: value] else { return }
            let before = lowest[keyPath: value] ?? now
            guard now <= before - step else { return }
            hasFallen = true
            lowest[keyPath: value] = now
        }
        lower(\.residentBytes, by: Self.pagesStep)
        lower(\.privateDirtyBytes, by: Self.pagesStep)
        lower(\.controlGroupBytes, by: Self.pagesStep)
        lower(\.heapInUseBytes, by: Self.heapStep)
        lower(\.descriptors, by: 1)
        lower(\.threads, by: 1)
        if let now = memory[.ledger], now < lowest[.ledger] ?? now {
            hasFallen = true
            lowest.ledgerBytes = memory.ledgerBytes
        }
        self.lowest = lowest
        if hasFallen { lastFall = elapsed }
    }

    // By less than these, readings move although nothing is given back.
    private static let pagesStep = 64 << 10
    private static let heapStep = 2 << 10
}
