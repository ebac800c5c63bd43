import BoundedMemory
import Glibc
import QUICEndpoint
import QUICServer
import QUICTesting

/// What a simulation prints while it goes on: a line for each twentieth, about a moment at which nothing lives.
struct SimulationProgress {
    private static let stepCount = 20

    private let lives: Int
    private let stepLives: Int
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var first: ProcessMemory?
    private var last: ProcessMemory?

    init(lives: Int) {
        self.lives = lives
        stepLives = (lives + Self.stepCount - 1) / Self.stepCount
        start = clock.now
    }

    /// Wall time since the beginning.
    var elapsed: Duration { clock.now - start }

    /// What the process's heap has grown by since the end of the first twentieth.
    var heapGrowthBytes: Int {
        guard let first, let last else { return 0 }
        return last.heapInUseBytes - first.heapInUseBytes
    }

    /// How many lives are left to run before the next line, when `done` are over.
    func livesToNextLine(after done: Int) -> Int {
        min(stepLives - done % stepLives, lives - done)
    }

    func announce(seed: UInt64) {
        print("\(lives) lives, seed \(seed); after each twentieth, with no connection alive:")
        printNow("       lives   wall  server  clients  heap in use         RSS")
    }

    /// Prints a line if another twentieth is done.
    mutating func update(_ simulation: LifeSimulation) {
        let done = simulation.table.lives
        guard done.isMultiple(of: stepLives) || done == lives else { return }
        let memory = ProcessMemory.current()
        first = first ?? memory
        last = memory
        let cells = [
            ("\(100 * done / lives) %", 5), ("\(done)", 9), ("\(elapsed.components.seconds) s", 7),
            ("\(simulation.server.ledger.totalUsage.liveBytes) B", 8),
            ("\(simulation.client.ledger.totalUsage.liveBytes) B", 9),
            ("\(memory.heapInUseBytes) B", 13), ("\(memory.residentBytes / 1_024) KiB", 12),
        ]
        printNow(cells.map { String(repeating: " ", count: max(0, $1 - $0.count)) + $0 }.joined())
    }

    func conclude(_ simulation: LifeSimulation) {
        let statistics = simulation.server.statistics
        let counts = statistics.connections
        let perSecond = Double(simulation.table.lives) / max(elapsed / .seconds(1), 0.001)
        print(
            """
            \(simulation.table.lives) lives, \(simulation.table.vanished) vanished at their point, at most \
            \(simulation.mostLive) connections at once holding at most \(statistics.ledgerTotal.peakBytes) bytes
            created \(counts.created), closed \(counts.closed); left: \(statistics.connectionIDs) connection IDs, \
            \(statistics.deadlines) deadlines, \(statistics.ledgerTotal.liveBytes) bytes in \
            \(statistics.ledgerTotal.liveBlocks) blocks
            \(elapsed.components.seconds) s, \(Int(perSecond)) lives a second
            """
        )
    }

    /// Prints a line, also into a pipe, before the next one is due.
    private func printNow(_ line: String) {
        print(line)
        fflush(nil)
    }
}
