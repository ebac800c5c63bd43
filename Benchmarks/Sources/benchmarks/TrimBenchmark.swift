/// What the thresholds of the heap trimmer cost and yield.
///
/// Each policy in each course of events is measured in a process of its own, since a heap remembers.
struct TrimBenchmark: Benchmark {
    let name = "trim"

    private static let connections = 2_000
    /// A round takes half a minute, and only the times differ from one to the next.
    private static let roundsLimit = 2
    private static let policies = TrimMeasurement.Policy.allCases

    func run(_ settings: Settings) throws -> [Table] {
        try TrimMeasurement.Course.allCases.map { try table(of: $0, settings) }
    }

    private func table(of course: TrimMeasurement.Course, _ settings: Settings) throws -> Table {
        let connections = settings.scaled(Self.connections)
        let rounds = min(settings.rounds, Self.roundsLimit)
        var table = Table(
            "\(connections) connections, \(course.title); median of \(rounds)",
            columns: [
                "released before a trim", "trims", "ms of CPU in all", "ms, the longest", "MiB more resident, at most",
                "in the end",
                "page faults, the next time",
            ]
        )
        var results = [[Measurement.Results]](repeating: [], count: Self.policies.count)
        for _ in 0..<rounds {
            for policy in Self.policies {
                let parameters = ["course": course.rawValue, "connections": connections, "policy": policy.rawValue]
                results[policy.rawValue].append(
                    try Measurement.start(TrimMeasurement.name, Measurement.Parameters(parameters))
                )
            }
        }
        for policy in Self.policies {
            let median = { (value: (Measurement.Results) throws -> Double) in
                Samples(try results[policy.rawValue].map(value)).median
            }
            table.add(
                .text(policy.title),
                .number(try median { try $0["trims"] }),
                .number(try median { try $0["trim.ns"] / 1e6 }, places: 1),
                .number(try median { try $0["trim.longest.ns"] / 1e6 }, places: 1),
                .number(try median { try ($0["rss.peak"] - $0["rss.base"]) / 1_048_576 }, places: 1),
                .number(try median { try ($0["rss.end"] - $0["rss.base"]) / 1_048_576 }, places: 1),
                course.comesAgain ? .number(try median { try $0["faults"] }) : .none
            )
        }
        return table
    }
}
