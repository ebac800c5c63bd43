import Foundation
import LoadModel
import Testing

@Suite struct AbuseReportTests {
    private static var report: AbuseReport {
        var met = AbuseOutcome(.halfOpen)
        met.isObserved = true
        met.sentDatagrams = 1_500
        met.seenConnections = 20
        met.ends = ["handshake_timeout": 20]
        met.heldBytes = 34_584
        met.ledgerPeakBytes = 1 << 20
        met.releaseSeconds = 10.1
        met.honest.p50Microseconds = 812
        met.honest.p99Microseconds = 1_500
        var unmet = AbuseOutcome(.versionNegotiationFlood)
        unmet.isObserved = true
        unmet.growth = ["version_negotiations": 12, "drops.empty": 3]
        unmet.failures = ["the honest client had no answer at all"]
        return AbuseReport(target: "127.0.0.1:4433", outcomes: [met, unmet], unreturned: [], memoryBytesLimit: 2 << 20)
    }

    @Test func theTextHasARowForEachAttackAndNamesWhatFailed() {
        #expect(
            Self.report.text == """
                attack                      sent                 ended by      held  gone after  honest p50     p99         \n\
                half-open                  1,500     handshake_timeout 20  34,584 B      10.1 s      812 µs  1.5 ms      met
                version-negotiation-flood      0  version_negotiations 12         –           –        0 µs    0 µs  NOT MET
                1 of 2 attacks met what was expected. All connections together held 1 MiB at most, of the 2 MiB they may hold. \
                Everything came back to zero.
                version-negotiation-flood: the honest client had no answer at all

                """
        )
    }

    @Test func theTableHasARowForEachAttackWithWhatStopsIt() {
        let lines = Self.report.markdown.split(separator: "\n")
        #expect(lines.count == 5)
        #expect(Set(lines.prefix(4).map { $0.count { $0 == "|" } }) == [9])
        #expect(lines[2].hasPrefix("| `half-open` | sends half a ClientHello"))
        #expect(lines[2].hasSuffix("| `handshakeTimeout` | handshake_timeout 20 | 34,584 B | 10.1 s | 1.5 ms |"))
    }

    @Test func whatIsLeftIsAFailure() {
        var report = Self.report
        report.unreturned = ["connections.live 1", "deadlines 2"]
        #expect(
            report.failures == [
                "version-negotiation-flood: the honest client had no answer at all",
                "not back to zero after all attacks: connections.live 1, deadlines 2",
            ]
        )
    }

    @Test func itIsReadBackFromItsJSON() throws {
        let json = try JSONEncoder().encode(Self.report)
        #expect(try JSONDecoder().decode(AbuseReport.self, from: json) == Self.report)
    }
}
