import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Thousands of clients that vanish at every point of a connection's life, in every manner. docs/testing.md.
@Suite struct LifeSimulationTests {
    @Test(arguments: testSeeds)
    func everyLifeEndsWithEverythingReturned(seed: UInt64) throws {
        let simulation = try LifeSimulation(seed: seed, services: [EchoService()])
        simulation.run(lives: 10_000)
        #expect(simulation.violations.isEmpty, "seed \(seed)")
        #expect(simulation.table.lives == 10_000)
        // Hundreds are alive at once.
        #expect(simulation.mostLive > 500, "seed \(seed)")
        expectCoverage(of: simulation, livesOfEachWay: 250)
    }

    @Test func everyLifeEndsWithEverythingReturnedWhenAddressesMustBeProvenFirst() throws {
        var settings = LifeSimulation.Settings()
        settings.retryPolicy = .always
        let seed = UInt64.random(in: .min ... .max)
        let simulation = try LifeSimulation(seed: seed, services: [EchoService()], settings: settings)
        simulation.run(lives: 2_000)
        #expect(simulation.violations.isEmpty, "seed \(seed)")
        #expect(simulation.server.statistics.retries >= 2_000 - 20, "seed \(seed)")
        expectCoverage(of: simulation, livesOfEachWay: 50)
    }

    @Test func everyLifeEndsWithEverythingReturnedWhenConnectionsAreKeptToTheirPath() throws {
        var settings = LifeSimulation.Settings()
        settings.allowsMigration = false
        let seed = UInt64.random(in: .min ... .max)
        let simulation = try LifeSimulation(seed: seed, services: [EchoService()], settings: settings)
        simulation.run(lives: 800)
        #expect(simulation.violations.isEmpty, "seed \(seed)")
        #expect(simulation.server.statistics.drops[.otherPath, default: 0] >= 80, "seed \(seed)")
        for manner in AbandonManner.allCases {
            #expect(simulation.table[.inMigration, manner].vanished == 0, "seed \(seed)")
            #expect(simulation.table[.inClosing, manner].vanished >= 18, "seed \(seed)")
        }
    }

    @Test func nothingIsCarriedFromOneRunToTheNext() throws {
        let simulation = try LifeSimulation(seed: 5, services: [EchoService()])
        for round in 1...10 {
            simulation.run(lives: 100)
            #expect(simulation.violations.isEmpty, "round \(round)")
            #expect(simulation.server.statistics.hasReturned)
            #expect(simulation.server.statistics.connections.created == round * 100)
        }
    }

    @Test func everyPointIsMetInEveryManner() {
        var generator = SeededGenerator(seed: 6)
        let plans = (0..<LifePlan.wayCount).map { LifePlan(number: $0, using: &generator) }
        let ways = Set(plans.map { "\($0.point), \($0.manner)" })
        #expect(ways.count == AbandonPoint.allCases.count * AbandonManner.allCases.count)
        generator = SeededGenerator(seed: 6)
        #expect(plans == (0..<LifePlan.wayCount).map { LifePlan(number: $0, using: &generator) })
    }

    @Test func theTableHasALineForEveryWayToVanish() throws {
        let simulation = try LifeSimulation(seed: 7, services: [EchoService()])
        simulation.run(lives: LifePlan.wayCount)
        let lines = simulation.table.text.split(separator: "\n")
        #expect(lines.count == 1 + LifePlan.wayCount)
        for point in AbandonPoint.allCases {
            #expect(lines.count { $0.hasPrefix(point.rawValue) } == AbandonManner.allCases.count)
        }
    }

    /// The server was where the plan wanted it when the client vanished: in nearly every life, and in each way to vanish.
    private func expectCoverage(of simulation: LifeSimulation, livesOfEachWay: Int) {
        let table = simulation.table
        let seed = simulation.seed
        #expect(table.vanished >= table.lives * 98 / 100, "seed \(seed)")
        for point in AbandonPoint.allCases {
            for manner in AbandonManner.allCases {
                let row = table[point, manner]
                #expect(row.lives == livesOfEachWay, "\(point), \(manner)")
                #expect(row.vanished >= row.lives * 9 / 10, "seed \(seed), \(point), \(manner): \(row.vanished)")
                #expect(row.bytesHeld.most <= Self.bytesLimit(at: point), "seed \(seed), \(point), \(manner)")
                // Without the whole ClientHello the server has made no flight of its own.
                if point == .halfClientHello {
                    #expect(row.bytesHeld.most < table[.afterInitial, manner].meanBytesHeld - 10_000, "seed \(seed)")
                }
            }
        }
    }

    /// What a connection was ever seen to hold at such a point, and a quarter more.
    private static func bytesLimit(at point: AbandonPoint) -> Int {
        switch point {
        case .halfClientHello: 43_000
        case .afterInitial, .afterServersFlight: 70_000
        case .afterFinished: 34_000
        case .streamOpen, .halfSentStream, .unacknowledgedEcho, .inKeyUpdate, .inMigration: 82_000
        case .inClosing: 400
        }
    }
}
