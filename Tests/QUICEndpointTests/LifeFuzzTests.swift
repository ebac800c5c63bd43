import Datagrams
import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Many connections that begin, work and end in any order, on a bad network.
@Suite struct LifeFuzzTests {
    @Test(arguments: testSeeds)
    func noOrderOfEventsLeavesAnythingBehind(seed: UInt64) throws {
        for round in 0..<UInt64(4) {
            var generator = SeededGenerator(seed: seed &+ round &* 7_919)
            try live(using: &generator, "seed \(seed), round \(round)")
        }
    }

    private func live(using generator: inout SeededGenerator, _ name: Comment) throws {
        var configuration = EndpointConfiguration()
        configuration.admission.handshakesBeforeRetry = 5
        configuration.admission.handshakesInFlight = 10
        configuration.admission.connections = 20
        let conditions = SimulatedNetwork.Conditions(
            jitter: .milliseconds(Int64.random(in: 0...30, using: &generator)),
            loss: Double.random(in: 0...0.2, using: &generator),
            duplication: 0.1
        )
        let pair = try Pair(
            seed: generator.next(),
            services: [EchoService()],
            configuration: configuration,
            conditions: conditions
        )
        var connections: [Connection] = []
        for _ in 0..<200 {
            try act(on: pair, &connections, using: &generator)
            pair.run(for: .milliseconds(Int64.random(in: 0...40, using: &generator)))
            connections.removeAll { $0.state == .closed }
            check(pair, name)
        }
        if generator.chance(50) { pair.server.shutDown() }
        for connection in connections where connection.state != .closed && generator.chance(50) {
            pair.client.abandon(connection, at: pair.now)
        }
        pair.run(for: .seconds(600))
        #expect(pair.server.statistics.connections.created == pair.serverCloses.count, name)
        #expect(pair.client.counts.created == pair.clientCloses.count, name)
        expectEverythingReturned(pair)
        check(pair, name)
    }

    /// Counters that contradict each other.
    private func check(_ pair: Pair, _ name: Comment) {
        for counts in [pair.server.statistics.connections, pair.client.counts] {
            #expect(counts.handshaking >= 0 && counts.established >= 0, name)
            #expect(counts.live == counts.created - counts.closed, name)
        }
        #expect(pair.server.statistics.connections.handshaking <= 10, name)
        #expect(pair.server.statistics.connections.live <= 20, name)
    }

    private func act(
        on pair: Pair,
        _ connections: inout [Connection],
        using generator: inout SeededGenerator
    ) throws {
        let chosen = connections.randomElement(using: &generator)
        switch Int.random(in: 0..<100, using: &generator) {
        case ..<30:
            connections.append(try pair.connect())
        case ..<70:
            guard let chosen, chosen.state == .established, let stream = try? chosen.openStream() else { return }
            let count = Int.random(in: 0...9_000, using: &generator)
            try stream.write(message(of: count, seed: 1))
            if generator.chance(80) { stream.finish() }
            if generator.chance(20) { stream.reset(code: 3) }
            pair.client.touch(chosen)
        case ..<75:
            try? chosen?.updateKeys(at: pair.now)
        case ..<85:
            if let chosen { pair.client.close(chosen, at: pair.now) }
        case ..<92:
            if let chosen { pair.client.abandon(chosen, at: pair.now) }
        default:
            let index = UInt32.random(in: 0..<20, using: &generator)
            let generation = UInt32.random(in: 1...40, using: &generator)
            pair.server.close(ConnectionHandle(index: index, generation: generation), at: pair.now)
        }
    }
}
