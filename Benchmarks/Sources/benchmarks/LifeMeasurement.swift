import BoundedMemory
import QUICEndpoint
import QUICTransport

/// Whole lives of connections: handshake, echoes, idle time and release, with the CPU time of each phase in the server.
struct LifeMeasurement {
    static let name = "life"

    /// What to measure.
    struct Plan {
        var connections = 50
        /// Messages that each connection sends, one after the other, each on a stream of its own.
        var echoes = 0
        var messageBytes = 64
        /// Handshakes under way at the same time: not so many that somebody is asked to prove an address.
        var groupSize = 50
        /// The phase whose instructions callgrind collects; nil for all.
        var collectedPhase: ServerMeter.Phase?
    }

    /// Longer than the idle timeout of 30 s and any closing period.
    private static let untilReleased = Duration.seconds(60)

    private let plan: Plan

    init(_ parameters: Measurement.Parameters) throws {
        plan = Plan(
            connections: try parameters["connections"],
            echoes: try parameters["echoes"],
            messageBytes: try parameters["messageBytes"],
            groupSize: try parameters["groupSize"],
            collectedPhase: try parameters.values["collectedPhase"].map { (index) throws in
                guard ServerMeter.Phase.allCases.indices.contains(index) else {
                    throw BenchmarkError("there is no phase \(index)")
                }
                return ServerMeter.Phase.allCases[index]
            }
        )
    }

    /// Results: `ns.PHASE` in all, `lap.PHASE` of a connection or an echo in a quiet lap; `bytes.MOMENT.CLASS` and `blocks.allocated` of all connections together.
    func run() throws -> Measurement.Results {
        let world = try World()
        world.meter.collectedPhase = plan.collectedPhase
        var results = Measurement.Results()
        _ = try live(Plan(connections: 10, echoes: 5, messageBytes: plan.messageBytes), in: world) { _ in }
        try live(plan, in: world) { phase in
            world.meter.begin(phase)
            results.record(world.server, before: phase)
        }
        results.record(world.server, before: nil)
        for phase in ServerMeter.Phase.allCases {
            results.set("ns.\(phase)", Double(world.meter.nanoseconds[phase] ?? 0))
            if let lap = world.meter.quietLap(of: phase) { results.set("lap.\(phase)", lap) }
        }
        guard world.server.statistics.hasReturned else { throw BenchmarkError("the server has kept something") }
        return results
    }

    /// - Parameter begin: Called at the beginning of each phase.
    private func live(_ plan: Plan, in world: World, begin: (ServerMeter.Phase) -> Void) throws {
        begin(.handshake)
        var connections: [Connection] = []
        while connections.count < plan.connections {
            let group = try world.connect(min(plan.groupSize, plan.connections - connections.count))
            world.meter.endLap(units: group.count)
            connections += group
        }
        begin(.echo)
        for _ in 0..<plan.echoes {
            try world.echo(plan.messageBytes, on: connections)
            world.meter.endLap(units: connections.count)
        }
        world.abandon(connections)
        begin(.idle)
        world.advance(by: .seconds(20))
        begin(.release)
        world.advance(by: Self.untilReleased)
        world.meter.endLap(units: connections.count)
    }
}

extension Measurement.Results {
    /// Notes what the server holds at the beginning of a phase, or at the end of all.
    fileprivate mutating func record(_ server: Endpoint, before phase: ServerMeter.Phase?) {
        let moment = phase?.rawValue ?? "end"
        for memoryClass in MemoryClass.allCases {
            set("bytes.\(moment).\(memoryClass)", Double(server.ledger.usage(of: memoryClass).liveBytes))
        }
        set("blocks.\(moment)", Double(server.ledger.totalUsage.liveBlocks))
        set("allocations.\(moment)", Double(server.ledger.refusableAllocationCount))
    }
}
