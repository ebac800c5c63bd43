import Testing

@testable import LoadModel

@Suite struct SettleWatchTests {
    private func state(_ residentMiB: Int, left: [String]? = nil) -> TargetState {
        TargetState(memory: MemoryReading(residentBytes: residentMiB << 20), unreturned: left)
    }

    /// When a target settles whose state at each quarter of a second is as `state` says.
    private func settled(wait: Duration, _ state: (Duration) -> TargetState) -> Duration {
        var watch = SettleWatch(wait: wait)
        var elapsed = Duration.zero
        while !watch.isSettled(state(elapsed), at: elapsed) { elapsed += .milliseconds(250) }
        return elapsed
    }

    @Test func aTargetWithoutCountersHasAllItsTime() {
        #expect(settled(wait: .seconds(35)) { _ in state(50) } == .seconds(35))
    }

    @Test func aTargetThatSaysItHoldsNothingNeedsNoMoreThanASecond() {
        let time = settled(wait: .seconds(35)) { state(50, left: $0 < .seconds(4) ? ["deadlines 1"] : []) }
        #expect(time == .seconds(4))
        #expect(settled(wait: .seconds(35)) { _ in state(50, left: []) } == .seconds(1))
    }

    @Test func countersThatAreNeverZeroAreWaitedFor() {
        #expect(settled(wait: .seconds(5)) { _ in state(50, left: ["deadlines 1"]) } == .seconds(5))
    }

    @Test func readingsThatStillFallGetMoreTime() {
        // They fall until six seconds are over, and must then not fall for one.
        let time = settled(wait: .seconds(5)) { state($0 <= .seconds(6) ? 100 - Int($0 / .milliseconds(250)) : 70) }
        #expect(time > .seconds(6) && time <= .seconds(7.5))
    }

    @Test func readingsThatFallForEverAreGivenUp() {
        #expect(settled(wait: .seconds(5)) { state(1_000 - Int($0 / .milliseconds(250))) } == .seconds(10))
    }

    @Test func whatGoesUpAndDownIsNotFalling() {
        let time = settled(wait: .seconds(5)) { state(Int($0 / .milliseconds(250)).isMultiple(of: 2) ? 50 : 60) }
        #expect(time == .seconds(5))
    }

    @Test func bytesOfTheLedgerAreSeenToFall() {
        let time = settled(wait: .seconds(5)) { elapsed in
            let bytes = elapsed < .seconds(5.5) ? 1_000 - Int(elapsed / .milliseconds(250)) : 0
            return TargetState(memory: MemoryReading(ledgerBytes: ["tls": bytes]))
        }
        #expect(time == .seconds(6.5))
    }
}
