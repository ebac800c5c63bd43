/// One measurement in a process of its own, whose heap nothing else has used.
///
/// The process that wants it starts this program again with ``command``, and reads lines of a name and a number.
enum Measurement {
    static let command = "measure"

    /// Named whole numbers.
    struct Parameters {
        private(set) var values: [String: Int]

        init(_ values: [String: Int]) {
            self.values = values
        }

        /// - Parameter words: `name=number` each.
        init(_ words: some Sequence<String>) throws {
            values = [:]
            for word in words {
                let parts = word.split(separator: "=")
                guard parts.count == 2, let number = Int(parts[1]) else {
                    throw BenchmarkError("'\(word)' is no parameter")
                }
                values[String(parts[0])] = number
            }
        }

        var words: [String] { values.map { "\($0)=\($1)" }.sorted() }

        subscript(name: String) -> Int {
            get throws {
                guard let value = values[name] else { throw BenchmarkError("the parameter \(name) is missing") }
                return value
            }
        }
    }

    /// Named results.
    struct Results {
        private(set) var values: [String: Double] = [:]

        init() {}

        /// - Parameter text: What ``text`` gives; other lines are passed over.
        init(parsing text: String) {
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.count == 2, let number = Double(words[1]) { values[String(words[0])] = number }
            }
        }

        var text: String { values.sorted { $0.key < $1.key }.map { "\($0) \($1)\n" }.joined() }

        subscript(name: String) -> Double {
            get throws {
                guard let value = values[name] else { throw BenchmarkError("a measurement gave no \(name)") }
                return value
            }
        }

        mutating func set(_ name: String, _ value: Double) {
            values[name] = value
        }
    }

    /// Measures in this process, and prints the results.
    static func perform(_ name: String, _ parameters: Parameters) throws {
        switch name {
        case LifeMeasurement.name: print(try LifeMeasurement(parameters).run().text, terminator: "")
        case TrimMeasurement.name: print(try TrimMeasurement(parameters).run().text, terminator: "")
        default: throw BenchmarkError("'\(name)' is no measurement")
        }
    }

    /// Measures in a process of its own.
    ///
    /// - Parameter program: What to start; this very program when nil.
    static func start(_ name: String, _ parameters: Parameters, in program: String? = nil) throws -> Results {
        let output = try Subprocess.output(
            of: [try program ?? Subprocess.thisProgram, command, name] + parameters.words
        )
        return Results(parsing: output)
    }
}
