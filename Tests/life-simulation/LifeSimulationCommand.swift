import ArgumentParser
import BoundedMemory
import EchoService
import FaultInjection
import QUICEndpoint
import QUICTesting
import QUICTransport

/// The `life-simulation` command: opens and abandons connections in virtual time, and says what they left behind.
@main
struct LifeSimulationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "life-simulation",
        abstract: """
            Opens and abandons QUIC connections at every point of their lives, in virtual time, and checks that \
            everything comes back.
            """,
        discussion: "Exits with 1 when anything is left behind, and when it takes longer than it may."
    )

    /// Lives between two moments at which everything has to be back to zero.
    private static let batchLivesLimit = 5_000

    @Option(help: "Connections to open and abandon.")
    var lives = 10_000
    @Option(help: "Where everything random comes from; drawn when not given, and always printed.")
    var seed: UInt64 = .random(in: 0...999_999)
    @Option(help: "Minutes after which to give up.")
    var limit = 30
    @Option(
        help: """
            Bytes by which the heap may grow after the first twentieth; not checked when not given. Needs \
            GLIBC_TUNABLES=glibc.malloc.tcache_count=0, without which glibc counts blocks it has cached as in use.
            """
    )
    var heapGrowthLimit: Int?

    func validate() throws {
        guard lives > 0, limit > 0 else { throw ValidationError("--lives and --limit have to be positive") }
        if let refusal = FaultInjection.refusal { throw ValidationError(refusal) }
    }

    func run() throws {
        let simulation = try LifeSimulation(seed: seed, services: [EchoService()])
        var progress = SimulationProgress(lives: lives)
        progress.announce(seed: seed)
        while simulation.table.lives < lives, simulation.violations.isEmpty {
            let done = simulation.table.lives
            simulation.run(lives: min(Self.batchLivesLimit, progress.livesToNextLine(after: done)))
            progress.update(simulation)
            guard progress.elapsed < .seconds(60 * limit) else {
                print("FAILED: not done after \(limit) minutes")
                throw ExitCode(1)
            }
        }
        print("\n\(simulation.table.text)\n")
        progress.conclude(simulation)
        for sentence in simulation.violations { print("FAILED: \(sentence)") }
        let hasGrown = heapGrowthLimit.map { progress.heapGrowthBytes > $0 } ?? false
        if hasGrown { print("FAILED: the heap has grown by \(progress.heapGrowthBytes) bytes") }
        if hasGrown || !simulation.violations.isEmpty { throw ExitCode(1) }
    }
}
