import TextValues

extension Verdict {
    /// By how many bytes the generator's heap may grow over a run: a time line, and what libraries keep for good.
    static let heapGrowthBytesLimit = 1 << 20
    /// By how many bytes more it may grow for each connection that began: nothing is kept for one.
    static let heapGrowthBytesPerConnectionLimit = 16

    /// Whether the generator itself is back where it was before the run: a tool that looks for leaks must have none.
    static func generator(_ usage: GeneratorUsage, starts: Int) -> [Expectation] {
        let after = "in the generator after the run"
        var expected = [
            none("generator_connections", usage.liveConnections, "connections live \(after)"),
            none("generator_entries", usage.liveEntries, "deadlines and connection IDs live \(after)"),
            none("generator_bytes", usage.heldBytes, "bytes held by the generator after the run"),
            heap(usage, starts: starts),
        ]
        if let descriptors = usage.descriptors {
            expected.append(unchanged("generator_descriptors", descriptors, "file descriptors open \(after)"))
        }
        if let threads = usage.threads {
            expected.append(unchanged("generator_threads", threads, "worker threads running \(after)"))
        }
        return expected
    }

    private static func none(_ name: String, _ count: Int, _ what: String) -> Expectation {
        Expectation(name, passed: count == 0, "\(count) \(what)")
    }

    private static func unchanged(_ name: String, _ change: GeneratorUsage.Change, _ what: String) -> Expectation {
        Expectation(name, passed: change.after <= change.before, "\(change.after) \(what), \(change.before) before")
    }

    private static func heap(_ usage: GeneratorUsage, starts: Int) -> Expectation {
        let limit = heapGrowthBytesLimit + heapGrowthBytesPerConnectionLimit * starts
        let sentence = """
            the generator's heap changed by \(ByteCountText.readable(usage.heapGrowthBytes)), \
            at most \(ByteCountText.readable(limit)) is expected
            """
        return Expectation("generator_heap", passed: usage.heapGrowthBytes <= limit, sentence)
    }
}
