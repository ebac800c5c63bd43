/// Counts instructions: slow, and the same again each time, whatever else the machine does.
enum Callgrind {
    /// The instructions that a measurement executes where its ``ServerMeter`` has them collected.
    ///
    /// - Parameter mayBeNone: Whether a count of 0 is a result, and not a sign that nothing was collected.
    static func instructions(
        of name: String,
        _ parameters: Measurement.Parameters,
        in program: String? = nil,
        mayBeNone: Bool = false
    ) throws -> Double {
        let output = try Subprocess.output(
            of: [
                "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                "--toggle-collect=*collectInstructions*", try program ?? Subprocess.thisProgram,
                Measurement.command, name,
            ] + parameters.words
        )
        // ==1234== Collected : 5678
        let line = output.split(separator: "\n").first { $0.contains(" Collected : ") }
        guard let count = line?.split(separator: " ").last.flatMap({ Double($0) }), count > 0 || mayBeNone else {
            throw BenchmarkError("valgrind counted nothing:\n\(output)")
        }
        return count
    }
}
