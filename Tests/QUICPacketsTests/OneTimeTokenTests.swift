import Datagrams
import SeededRandom
import Testing

@testable import QUICPackets

@Suite struct OneTimeTokenTests {
    private func moment(_ seconds: UInt64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: seconds * 1_000_000_000)
    }

    @Test(arguments: [OneTimeTokens.Kind.retry, .regular])
    func aTokenCountsOnce(kind: OneTimeTokens.Kind) {
        let tokens = OneTimeTokens()
        #expect(tokens.spend([1, 2, 3], of: kind, at: moment(1)))
        #expect(!tokens.spend([1, 2, 3], of: kind, at: moment(1)))
        #expect(tokens.spend([1, 2, 4], of: kind, at: moment(1)))
    }

    @Test func kindsDoNotShareTheirMemory() {
        let tokens = OneTimeTokens()
        #expect(tokens.spend([1], of: .retry, at: moment(1)))
        #expect(tokens.spend([1], of: .regular, at: moment(1)))
    }

    @Test func whatWasUsedIsRememberedForAPeriodWhereverItBegan() {
        for start in UInt64(0)..<20 {
            var filter = RotatingFilter(period: .seconds(10))
            _ = filter.insert(1, at: moment(100))
            #expect(filter.insert(7, at: moment(100 + start)) == true)
            #expect(filter.insert(7, at: moment(100 + start + 9)) == false)
        }
    }

    @Test func whatCannotBeUsedAnyMoreIsForgotten() {
        var filter = RotatingFilter(period: .seconds(10))
        #expect(filter.insert(7, at: moment(100)) == true)
        #expect(filter.insert(7, at: moment(130)) == true)
    }

    @Test func twentyFiveThousandAreRememberedAndFewAreTakenForThem() {
        var filter = RotatingFilter(period: .seconds(10))
        var generator = SeededGenerator(seed: 1)
        let used = (0..<25_000).map { _ in generator.next() }
        for hash in used { _ = filter.insert(hash, at: moment(1)) }
        var copy = filter
        let seemNew = used.count { copy.insert($0, at: moment(2)) }
        #expect(seemNew == 0)
        let mistaken = (0..<10_000).count { _ in
            var copy = filter
            return !copy.insert(generator.next(), at: moment(2))
        }
        #expect(mistaken <= 30, "\(mistaken)")
    }
}
