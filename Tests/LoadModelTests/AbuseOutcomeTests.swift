import LoadModel
import Testing

/// What is said of an attack whose expectations were not met.
@Suite struct AbuseOutcomeTests {
    /// An attack as it should go: `half-open` met its deadline of 10 s.
    private static var met: AbuseOutcome {
        var outcome = AbuseOutcome(.halfOpen)
        outcome.isObserved = true
        outcome.sentBytes = 24_000
        outcome.receivedBytes = 1_000
        outcome.seenConnections = 20
        outcome.ends = ["handshake_timeout": 20]
        outcome.heldBytes = 40_000
        outcome.ledgerPeakBytes = 800_000
        outcome.releaseSeconds = 9.9
        outcome.honest.echoes = 200
        return outcome
    }

    private static func failures(
        _ limits: AbuseLimits = AbuseLimits(),
        _ change: (inout AbuseOutcome) -> Void
    ) -> [String] {
        var outcome = met
        change(&outcome)
        outcome.judge(by: limits)
        #expect(outcome.isMet == outcome.failures.isEmpty)
        return outcome.failures
    }

    @Test func anAttackThatWentAsExpectedHasNoFailure() {
        #expect(Self.failures { _ in } == [])
    }

    @Test func anotherEndIsNamedWithTheExpectedOne() {
        let failures = Self.failures { $0.ends["idle_timeout"] = 3 }
        #expect(failures == ["3 of its connections ended with idle_timeout; expected is handshake_timeout"])
    }

    @Test func anAttackOfWhichNobodySawAnEndIsNotMet() {
        let failures = Self.failures { $0.ends = [:] }
        #expect(failures == ["none of its connections was seen to end; expected is handshake_timeout"])
    }

    @Test func aConnectionWhereNoneIsExpectedIsNamed() {
        let failures = Self.failures {
            $0.name = .zeroLengthDatagrams
            ($0.growth, $0.receivedBytes, $0.heldBytes) = (["drops.empty": 3], 0, 0)
        }
        #expect(failures == ["20 of its connections ended with handshake_timeout; expected is none"])
    }

    @Test func bytesBeyondTheLimitAreNamed() {
        var limits = AbuseLimits()
        limits.memoryBytes = 700_000
        let failures = Self.failures(limits) { $0.heldBytes = 98_305 }
        #expect(
            failures == [
                "one of its connections held 98305 bytes; 98304 are allowed",
                "all connections held 800000 bytes; the server's limit is 700000",
            ]
        )
    }

    @Test func connectionsThatStayOrStayTooLongAreNamed() {
        #expect(Self.failures { $0.releaseSeconds = nil } == ["its connections were not gone after 20.0 s"])
        #expect(
            Self.failures { $0.releaseSeconds = 21.5 } == ["its connections were gone after 21.5 s; 20.0 s are allowed"]
        )
    }

    @Test func anAttackThatNothingShowsToBeMetIsNot() {
        func failures(_ limits: AbuseLimits, growth: [String: Int]) -> [String] {
            Self.failures(limits) {
                $0.name = .portHopping
                $0.ends = ["peer_close": 1]
                $0.growth = growth
            }
        }
        var stationary = AbuseLimits()
        stationary.allowsMigration = false
        #expect(
            failures(stationary, growth: ["drops.empty": 1])
                == ["nothing shows that the server met it: drops.other_path did not grow"]
        )
        #expect(failures(stationary, growth: ["drops.other_path": 1]) == [])
        #expect(failures(AbuseLimits(), growth: [:]) == [])
    }

    // RFC 9000 §8: an endpoint MUST limit the amount of data it sends to the unvalidated address to three times the amount
    // of data received from that address.
    @Test func amplificationIsNamed() {
        #expect(Self.failures { $0.receivedBytes = 72_000 } == [])
        let failures = Self.failures { $0.receivedBytes = 72_001 }
        #expect(failures == ["the server sent 72001 bytes for 24000 it received, more than 3.0 times as many"])
    }

    @Test func anHonestClientWithoutAnswersIsAFailureForAnyServer() {
        #expect(Self.failures { $0.honest.echoes = 0 } == ["the honest client had no answer at all"])
        let failures = Self.failures {
            $0.isObserved = false
            ($0.ends, $0.releaseSeconds) = ([:], nil)
            $0.honest.failures = 2
        }
        #expect(failures == ["the honest client had no answer 2 times, and 200 answers"])
    }

    @Test func anAttackThatCouldNotBeCarriedOutIsAFailure() {
        let failures = Self.failures { $0.obstacle = "no token" }
        #expect(failures == ["it could not be carried out: no token"])
    }
}
