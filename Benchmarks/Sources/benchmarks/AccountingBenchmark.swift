/// What charging every byte to an account costs: the same lives with it, and in a build that charges for nothing.
struct AccountingBenchmark: Benchmark {
    let name = "accounting"

    /// What accounting may add to what an echo costs the server.
    private static let echoShareLimit = 0.02

    /// How many pairs of processes a round is.
    private static let pairsPerRound = 4

    /// How many connections, and how many messages each of them sends.
    private struct Size {
        var connections: Int
        var echoes = 0
    }

    /// One kind of work, measured where it is most of what happens.
    private struct Workload {
        let title: String
        let phase: ServerMeter.Phase
        var messageBytes = 64
        let size: Size
        /// Where callgrind counts, which takes fifty times as long.
        let countedSize: Size

        func parameters(_ size: Size) -> Measurement.Parameters {
            Measurement.Parameters([
                "connections": size.connections, "groupSize": 10, "echoes": size.echoes, "messageBytes": messageBytes,
                "collectedPhase": ServerMeter.Phase.allCases.firstIndex(of: phase) ?? 0,
            ])
        }
    }

    private static let workloads = [
        Workload(
            title: "echo of 64 bytes",
            phase: .echo,
            size: Size(connections: 20, echoes: 200),
            countedSize: Size(connections: 10, echoes: 50)
        ),
        Workload(
            title: "echo of 16 KiB",
            phase: .echo,
            messageBytes: 16_384,
            size: Size(connections: 20, echoes: 40),
            countedSize: Size(connections: 10, echoes: 10)
        ),
        Workload(
            title: "handshake",
            phase: .handshake,
            size: Size(connections: 100),
            countedSize: Size(connections: 40)
        ),
        Workload(
            title: "release",
            phase: .release,
            size: Size(connections: 100),
            countedSize: Size(connections: 40)
        ),
    ]

    /// The two builds, linked in the same order.
    private typealias Pair = (with: String, without: String)

    func run(_ settings: Settings) throws -> [Table] {
        let pairs = Array(zip(settings.accountedPrograms, settings.unaccountedPrograms)) as [Pair]
        guard let first = pairs.first else {
            throw BenchmarkError("accounting compares two builds: start it as Benchmarks/run accounting")
        }
        var tables = [try times(settings, pairs)]
        if settings.countsInstructions { tables.append(try instructions(settings, first)) }
        return tables
    }

    private func times(_ settings: Settings, _ pairs: [Pair]) throws -> Table {
        let rounds = settings.rounds * min(pairs.count, Self.pairsPerRound)
        var table = Table(
            "µs of CPU in the server's calls, median of \(rounds) processes each",
            columns: ["work", "accounted", "without", "difference"]
        )
        for workload in Self.workloads {
            var size = workload.size
            size.connections = settings.scaled(size.connections)
            let parameters = workload.parameters(size)
            let measure = { (program: String) in
                try Measurement.start(LifeMeasurement.name, parameters, in: program)["lap.\(workload.phase)"]
            }
            let laps = try Samples.taking(
                turns: rounds,
                [{ try measure(pairs[$0 % pairs.count].with) }, { try measure(pairs[$0 % pairs.count].without) }]
            )
            let (with, without) = (laps[0].median / 1_000, laps[1].median / 1_000)
            table.add(
                .text(workload.title),
                .number(with, places: 2),
                .number(without, places: 2),
                .percent(with / without - 1)
            )
        }
        table.notes = [
            """
            Of each process, the time that a tenth of its laps stay below. Each side is linked \(pairs.count) times \
            with its functions in another order, and the processes take turns at these: where code happens to lie \
            changes its speed by as much as accounting does.
            """
        ]
        return table
    }

    private func instructions(_ settings: Settings, _ pair: Pair) throws -> Table {
        var table = Table(
            "instructions in the server's calls",
            columns: ["work", "accounted", "without", "difference"]
        )
        for workload in Self.workloads {
            var size = workload.countedSize
            size.connections = settings.scaled(size.connections)
            let parameters = workload.parameters(size)
            let units = Double(workload.phase == .echo ? size.connections * size.echoes : size.connections)
            let count = { (program: String) in
                try Callgrind.instructions(of: LifeMeasurement.name, parameters, in: program) / units
            }
            let (with, without) = (try count(pair.with), try count(pair.without))
            let share = with / without - 1
            table.add(.text(workload.title), .number(with), .number(without), .percent(share))
            if workload.phase == .echo, share > Self.echoShareLimit {
                table.failures.append("accounting takes more than 2 % of an \(workload.title)")
            }
        }
        return table
    }
}
