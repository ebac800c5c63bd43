/// A question with tables for an answer.
protocol Benchmark {
    /// What it is called on the command line.
    var name: String { get }
    /// Measures; throws ``BenchmarkError`` when what it measured did not do its work.
    func run(_ settings: Settings) throws -> [Table]
}

/// Why there is no result, or why the result is not good enough.
struct BenchmarkError: Error {
    let sentence: String

    init(_ sentence: String) {
        self.sentence = sentence
    }
}
