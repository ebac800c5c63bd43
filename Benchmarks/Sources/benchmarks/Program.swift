import Glibc

/// The `benchmarks` command: see docs/benchmarks.md.
@main
enum Program {
    /// EX_USAGE of sysexits.h.
    private static let usageStatus: Int32 = 64

    static func main() {
        let arguments: Arguments
        do {
            arguments = try Arguments(Array(CommandLine.arguments.dropFirst()))
        } catch {
            complain("\(sentence(of: error))\n\(Arguments.usage)")
            exit(usageStatus)
        }
        do {
            switch arguments {
            case .run(let benchmarks, let settings): try run(benchmarks, settings)
            case .measure(let name, let parameters): try Measurement.perform(name, parameters)
            }
        } catch {
            complain(sentence(of: error))
            exit(1)
        }
    }

    private static func run(_ benchmarks: [any Benchmark], _ settings: Settings) throws {
        var failures: [String] = []
        for benchmark in benchmarks {
            let tables = try benchmark.run(settings)
            for table in tables {
                print(
                    settings.printsJSON ? table.json(benchmark: benchmark.name) : table.text(benchmark: benchmark.name)
                )
                failures += table.failures
            }
            fflush(nil)
        }
        if !failures.isEmpty { throw BenchmarkError(failures.joined(separator: "\n")) }
    }

    private static func sentence(of error: any Error) -> String {
        (error as? BenchmarkError)?.sentence ?? "\(error)"
    }

    private static func complain(_ text: String) {
        let line = Array("benchmarks: \(text)\n".utf8)
        unsafe write(STDERR_FILENO, line, line.count)
    }
}
