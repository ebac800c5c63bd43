import Testing

@testable import LoadEngine

@Suite struct WorkerShareTests {
    @Test func sharesAddUpAndOverlapNowhere() {
        for count in 1...9 {
            for total in 0...40 {
                let shares = (0..<count).map { WorkerShare(index: $0, count: count) }
                let numbers = shares.flatMap { share in (0..<share.part(of: total)).map(share.number) }
                #expect(numbers.sorted() == Array(0..<total))
            }
        }
    }

    /// Two workers once drew the same connection IDs, one of them a step behind the other.
    @Test func theSeedsOfWorkersAreNoStepsOfOneGenerator() {
        let step: UInt64 = 0x9e37_79b9_7f4a_7c15
        let seeds = (0..<64).map { WorkerShare(index: $0, count: 64).seed(from: 42) }
        #expect(seeds[0] == 42)
        for (index, seed) in seeds.enumerated() {
            for other in seeds[..<index] {
                let isReached = (0...1_000).contains { other &+ step &* $0 == seed || seed &+ step &* $0 == other }
                #expect(!isReached)
            }
        }
    }
}
