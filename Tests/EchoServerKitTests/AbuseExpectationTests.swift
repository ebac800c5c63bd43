import EchoServerKit
import Foundation
import LoadModel
import QUICTransport
import Testing

/// The attacks of the load generator name causes and counters that the server has.
@Suite struct AbuseExpectationTests {
    @Test(arguments: AbuseName.allCases)
    func eachAttackExpectsWhatTheServerCanSay(name: AbuseName) throws {
        let document = StatisticsDocument(busyServer(), limits: try busyLimits, process: busyProcess)
        let counters = try JSONDecoder().decode(ServerCounters.self, from: statisticsEncoder.encode(document))
        let expectation = name.scenario.expectation
        #expect(Set(expectation.ends).isSubset(of: CloseCause.labels))
        for sign in expectation.signs { #expect(counters[sign] != nil, "\(sign)") }
    }

    @Test func theAttackerReadsTheLimitsOfTheServer() throws {
        let limits = try busyLimits
        let document = StatisticsDocument(busyServer(), limits: limits, process: busyProcess)
        let read = AbuseLimits(
            try JSONDecoder().decode(ServerCounters.self, from: statisticsEncoder.encode(document))
        )
        // The attacker's own defaults are the server's.
        var defaults = AbuseLimits()
        defaults.memoryBytes = limits.memoryBytes
        #expect(read == defaults)
    }
}
