/// What charging every byte to an account costs: the same lives with it, and in a build that charges for nothing.
struct AccountingBenchmark: Benchmark {
    let name = "accounting"

    /// What accounting may add to what an echo costs the server.
    private static let echoShareLimit = 0.02
    /// Its rounds are short, and the difference is smaller than what other processes do to one.
    private static let roundsFactor = 3

    /// One kind of work, measured where it is most of what happens.
    private struct Workload {
        let title: String
        let phase: ServerMeter.Phase
        let messageBytes: Int
        let connections: Int
        let echoes: Int
        /// Connections and echoes where callgrind counts, which takes fifty times as long.
        let counted: (connections: Int, echoes: Int)
        /// Whether ``echoShareLimit`` is for it.
        let isLimited: Bool

        func parameters(_ size: (connections: Int, echoes: Int)) -> Measurement.Parameters {
            Measurement.Parameters([
                "connections": size.connections, "echoes": size.echoes, "messageBytes": messageBytes,
                "collectedPhase": ServerMeter.Phase.allCases.firstIndex(of: phase) ?? 0,
            ])
        }

        /// How many echoes, or connections, the figures are divided by.
        func units(_ size: (connections: Int, echoes: Int)) -> Double {
            Double(phase == .echo ? size.connections * size.echoes : size.connections)
        }
    }

    private static let workloads = [
        Workload(
            title: "echo of 64 bytes",
            phase: .echo,
            messageBytes: 64,
            connections: 20,
            echoes: 100,
            counted: (10, 50),
            isLimited: true
        ),
        Workload(
            title: "echo of 16 KiB",
            phase: .echo,
            messageBytes: 16_384,
            connections: 20,
            echoes: 20,
            counted: (10, 10),
            isLimited: true
        ),
        Workload(
            title: "handshake",
            phase: .handshake,
            messageBytes: 64,
            connections: 100,
            echoes: 0,
            counted: (40, 0),
            isLimited: false
        ),
        Workload(
            title: "release",
            phase: .release,
            messageBytes: 64,
            connections: 100,
            echoes: 0,
            counted: (40, 0),
            isLimited: false
        ),
    ]

    func run(_ settings: Settings) throws -> [Table] {
        guard let other = settings.unaccountedProgram else {
            throw BenchmarkError("accounting needs --without-accounting PATH; Benchmarks/run builds and names it")
        }
        var tables = [try times(settings, other)]
        if settings.countsInstructions { tables.append(try instructions(settings, other)) }
        return tables
    }

    private func times(_ settings: Settings, _ other: String) throws -> Table {
        let rounds = settings.rounds * Self.roundsFactor
        var table = Table(
            "µs of CPU in the server's calls, of \(rounds) rounds",
            columns: [
                "work", "accounted, median", "without, median", "difference", "accounted, lowest", "without, lowest",
                "difference of these",
            ]
        )
        for workload in Self.workloads {
            let size = (settings.scaled(workload.connections), workload.echoes)
            let measure = { (program: String?) in
                try Measurement.start(LifeMeasurement.name, workload.parameters(size), in: program)[
                    "ns.\(workload.phase)"
                ]
                    / workload.units(size) / 1_000
            }
            let times = try Samples.taking(turns: rounds, [{ try measure(nil) }, { try measure(other) }])
            let (with, without) = (times[0], times[1])
            table.add(
                .text(workload.title),
                .number(with.median, places: 2),
                .number(without.median, places: 2),
                .percent(with.median / without.median - 1),
                .number(with.lowest, places: 2),
                .number(without.lowest, places: 2),
                .percent(with.lowest / without.lowest - 1)
            )
        }
        return table
    }

    private func instructions(_ settings: Settings, _ other: String) throws -> Table {
        var table = Table(
            "instructions in the server's calls",
            columns: ["work", "accounted", "without", "difference"]
        )
        for workload in Self.workloads {
            let size = (settings.scaled(workload.counted.connections), settings.scaled(workload.counted.echoes))
            let count = { (program: String?) in
                try Callgrind.instructions(of: LifeMeasurement.name, workload.parameters(size), in: program)
                    / workload.units(size)
            }
            let (with, without) = (try count(nil), try count(other))
            let share = with / without - 1
            table.add(.text(workload.title), .number(with), .number(without), .percent(share))
            if workload.isLimited, share > Self.echoShareLimit {
                table.failures.append("accounting takes more than 2 % of an \(workload.title)")
            }
        }
        return table
    }
}
