import BoundedMemory

/// What one connection costs the server from its first packet until nothing of it is left.
struct HandshakeBenchmark: Benchmark {
    let name = "handshake"

    private static let connections = 500
    /// Where callgrind counts.
    private static let countedConnections = 40

    func run(_ settings: Settings) throws -> [Table] {
        let connections = settings.scaled(Self.connections)
        let lives = try (0..<settings.rounds).map { _ in
            try Measurement.start(LifeMeasurement.name, Self.parameters(connections, echoes: 1))
        }
        return [try cost(of: lives, connections, settings), try bytes(in: lives, connections)]
    }

    private static func parameters(_ connections: Int, echoes: Int) -> Measurement.Parameters {
        Measurement.Parameters(["connections": connections, "echoes": echoes, "messageBytes": 64, "groupSize": 50])
    }

    private func cost(of lives: [Measurement.Results], _ connections: Int, _ settings: Settings) throws -> Table {
        var table = Table(
            "per connection, in the server's calls; CPU is the median of \(settings.rounds)",
            columns: ["", "µs of CPU", "lowest", "highest", "instructions"]
        )
        for phase in ServerMeter.Phase.allCases where phase != .warmUp {
            let times = Samples(try lives.map { try $0["ns.\(phase)"] / Double(connections) / 1_000 })
            table.add(
                .text(phase.rawValue),
                .number(times.median, places: 1),
                .number(times.lowest, places: 1),
                .number(times.highest, places: 1),
                settings.countsInstructions ? .number(try instructions(of: phase, settings)) : .none
            )
        }
        return table
    }

    private func instructions(of phase: ServerMeter.Phase, _ settings: Settings) throws -> Double {
        let connections = settings.scaled(Self.countedConnections)
        var parameters = Self.parameters(connections, echoes: 1).values
        parameters["collectedPhase"] = ServerMeter.Phase.allCases.firstIndex(of: phase)
        let instructions = try Callgrind.instructions(
            of: LifeMeasurement.name,
            Measurement.Parameters(parameters),
            mayBeNone: phase == .idle
        )
        return instructions / Double(connections)
    }

    private func bytes(in lives: [Measurement.Results], _ connections: Int) throws -> Table {
        var table = Table(
            "bytes per connection in the ledger",
            columns: ["when it"] + Self.classes.map(\.rawValue) + ["all"]
        )
        for (moment, sentence) in Self.moments {
            let bytes = try Self.classes.map { memoryClass in
                Samples(try lives.map { try $0["bytes.\(moment).\(memoryClass)"] / Double(connections) }).median
            }
            table.add([.text(sentence)] + (bytes + [bytes.reduce(0, +)]).map { .number($0) })
        }
        return table
    }

    private static let classes = MemoryClass.allCases
    /// Moments at which ``LifeMeasurement`` notes what is held, and what they are.
    private static let moments = [
        ("echo", "is idle after its handshake"), ("idle", "has echoed 64 bytes"), ("end", "is gone"),
    ]
}
