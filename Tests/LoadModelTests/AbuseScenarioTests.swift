import Foundation
import LoadModel
import Testing

@Suite struct AbuseScenarioTests {
    @Test(arguments: AbuseName.allCases)
    func eachAttackSaysWhatItDoesAndWhatStopsIt(name: AbuseName) {
        let scenario = name.scenario
        #expect(scenario.name == name)
        for text in [scenario.attack, scenario.reference, scenario.defence] {
            #expect(!text.isEmpty && !text.contains("|") && !text.hasSuffix("."))
        }
        let expectation = scenario.expectation
        #expect(!expectation.ends.isEmpty || !expectation.signs.isEmpty)
        #expect(expectation.holding == .nothing || !expectation.ends.isEmpty)
    }

    @Test func noTwoAttacksSayTheSame() {
        #expect(Set(AbuseScenario.all.map(\.attack)).count == AbuseName.allCases.count)
    }

    @Test func limitsAreReadFromTheNumbersOfTheServer() throws {
        let json = """
            {"limits": {"handshake_timeout_seconds": 1, "allows_migration": true, "handshake_bytes": 30000, "streams": 4,
              "connection_cost_bytes": 5000000, "stream_window_bytes": 1000, "connection_window_bytes_maximum": 4000000},
             "drops": {"empty": 7, "names": ["a"]}, "text": "b", "workers": [{"live_connections": 3}]}
            """
        let counters = try JSONDecoder().decode(ServerCounters.self, from: Data(json.utf8))
        #expect(counters["drops.empty"] == 7)
        #expect(counters["text"] == nil)
        let limits = AbuseLimits(counters)
        #expect(limits.seconds(until: .handshakeTimeout) == 11)
        #expect(limits.seconds(until: .noProgressTimeout) == 70)
        #expect(limits.bytes(of: .handshake) == 30_000 + 48 * 1024)
        #expect(limits.bytes(of: .grownConnection) == 5_000_000)
        #expect(limits.streamWindowBytes == 1_000)
        #expect(limits.grownWindowBytes == 4_000_000)
        #expect(limits.streams == 4)
        #expect(limits.allowsMigration)
    }

    @Test func growthIsWhatIsMoreThanBefore() {
        let before = ServerCounters(["drops.empty": 3, "connections.live": 5, "process.cpu_seconds": 1])
        let after = ServerCounters(["drops.empty": 10, "connections.live": 4, "process.cpu_seconds": 1.5, "retries": 2])
        #expect(after.growth(since: before) == ["drops.empty": 7, "retries": 2])
    }
}
