/// The command line.
enum Arguments {
    /// Run benchmarks and print their tables.
    case run([any Benchmark], Settings)
    /// Measure one thing in this process, for the process that started it.
    case measure(String, Measurement.Parameters)

    static let usage = """
        usage: Benchmarks/run [queues] [accounting] [trim] [handshake]
                              [--rounds N] [--instructions] [--json] [--smoke]
        """

    static var benchmarks: [any Benchmark] {
        [QueuesBenchmark(), AccountingBenchmark(), TrimBenchmark(), HandshakeBenchmark()]
    }

    /// - Throws: ``BenchmarkError`` for what is not on the ``usage``.
    init(_ words: [String]) throws {
        if words.first == Measurement.command {
            guard words.count > 1 else { throw BenchmarkError("nothing to measure is named") }
            self = .measure(words[1], try Measurement.Parameters(words.dropFirst(2)))
            return
        }
        var settings = Settings()
        var chosen: [any Benchmark] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--json": settings.printsJSON = true
            case "--instructions": settings.countsInstructions = true
            case "--smoke": (settings.rounds, settings.divisor) = (1, 20)
            case "--rounds":
                guard let rounds = rest.popFirst().flatMap({ Int($0) }), (1...1_000).contains(rounds) else {
                    throw BenchmarkError("--rounds needs a number from 1 to 1000")
                }
                settings.rounds = rounds
            case "--accounted", "--unaccounted":
                guard let path = rest.popFirst() else { throw BenchmarkError("\(word) needs a path") }
                if word == "--accounted" {
                    settings.accountedPrograms.append(path)
                } else {
                    settings.unaccountedPrograms.append(path)
                }
            default:
                guard let benchmark = Self.benchmarks.first(where: { $0.name == word }) else {
                    throw BenchmarkError("'\(word)' is unknown")
                }
                chosen.append(benchmark)
            }
        }
        self = .run(chosen.isEmpty ? Self.benchmarks : chosen, settings)
    }
}
