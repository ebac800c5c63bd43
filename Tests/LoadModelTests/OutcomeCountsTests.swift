import Foundation
import LoadModel
import Testing

@Suite struct OutcomeCountsTests {
    private func example() -> OutcomeCounts {
        var counts = OutcomeCounts()
        counts.scheduled = 10
        counts.answered = 9
        counts.established = 8
        counts.used = 7
        counts.echoed = 7
        counts.closed = 6
        counts.abandoned = 1
        counts.record(.completed, count: 5)
        counts.record(.alert(120))
        counts.record(.alert(40))
        counts.record(.alert(40))
        counts.record(.timedOut)
        counts.record(.refused)
        return counts
    }

    @Test func everyOutcomeIsCountedByItsKind() {
        let counts = example()
        #expect(counts.count(of: .alert(40)) == 2)
        #expect(counts.count(of: .alert(120)) == 1)
        #expect(counts.alerts == 3)
        #expect(counts.count(of: .reset) == 0)
        #expect(counts.completed == 5)
        #expect(counts.failed == 5)
        #expect(counts.ended == 10)
    }

    @Test func failuresAreListedAlertsLast() {
        let failures = example().failures
        #expect(failures.map(\.outcome) == [.refused, .timedOut, .alert(40), .alert(120)])
        #expect(failures.map(\.count) == [1, 1, 2, 1])
    }

    @Test func workersCountsAddUp() {
        var counts = example()
        counts.add(example())
        #expect(counts.scheduled == 20)
        #expect(counts.answered == 18)
        #expect(counts.established == 16)
        #expect(counts.used == 14)
        #expect(counts.echoed == 14)
        #expect(counts.closed == 12)
        #expect(counts.abandoned == 2)
        #expect(counts.count(of: .alert(40)) == 4)
        #expect(counts.ended == 20)
    }

    @Test func everyLabelNamesItsOutcome() {
        let outcomes = ConnectionOutcome.withoutAlerts + (UInt8.min...UInt8.max).map { .alert($0) }
        #expect(Set(outcomes.map(\.label)).count == outcomes.count)
        for outcome in outcomes {
            #expect(ConnectionOutcome(label: outcome.label) == outcome)
        }
        #expect(ConnectionOutcome(label: "alert_256") == nil)
        #expect(ConnectionOutcome(label: "lost") == nil)
    }

    @Test func titlesAreWords() {
        #expect(ConnectionOutcome.echoTimedOut.title == "echo timed out")
        #expect(ConnectionOutcome.alert(120).title == "alert 120 (no_application_protocol)")
        #expect(ConnectionOutcome.alert(7).title == "alert 7")
    }

    @Test func countsSurviveJSON() throws {
        let json = try JSONEncoder().encode(example())
        #expect(try JSONDecoder().decode(OutcomeCounts.self, from: json) == example())
    }

    @Test func outcomesThatDidNotHappenAreInTheJSON() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let json = String(decoding: try encoder.encode(example()), as: UTF8.self)
        #expect(
            json == """
                {"abandoned":1,"answered":9,"by_outcome":{"alert_120":1,"alert_40":2,"cancelled":0,"certificate_invalid":0,"closed_by_peer":0,\
                "completed":5,"echo_mismatch":0,"echo_timed_out":0,"idle_timed_out":0,"refused":1,"reset":0,\
                "timed_out":1,"transport_error":0,"version_negotiation_failed":0},"closed":6,"completed":5,\
                "echoed":7,"established":8,"failed":5,"scheduled":10,"used":7}
                """
        )
    }

    @Test func answersAreKnownOnlyWhereTheyWereCounted() throws {
        var counts = OutcomeCounts()
        counts.add(OutcomeCounts())
        #expect(counts.answered == nil)
        var counted = OutcomeCounts()
        counted.answered = 3
        counts.add(counted)
        counts.add(counted)
        #expect(counts.answered == 6)
        let json = try JSONEncoder().encode(counts)
        #expect(try JSONDecoder().decode(OutcomeCounts.self, from: json) == counts)
    }

    @Test func anUnknownOutcomeInJSONIsRefused() {
        let json =
            #"{"scheduled":0,"used":0,"established":0,"echoed":0,"abandoned":0,"closed":0,"by_outcome":{"lost":1}}"#
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(OutcomeCounts.self, from: Data(json.utf8)) }
    }
}
