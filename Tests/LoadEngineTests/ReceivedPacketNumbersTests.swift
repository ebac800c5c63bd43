import PacketWriter
import SeededRandom
import Testing

@Suite struct ReceivedPacketNumbersTests {
    // RFC 9000 §13.2.1: an endpoint MUST NOT acknowledge a packet that was not received.
    @Test func aLostPacketIsNotAcknowledged() {
        #expect(ranges(of: [0, 1, 2, 4, 5]) == [4...5, 0...2])
    }

    /// Numbers of which no more ranges can be made than are kept: with more, the oldest are forgotten
    /// in an order that is unlucky enough.
    @Test(arguments: testSeeds)
    func inEveryOrderRangesGrowTogether(seed: UInt64) {
        var order = Array(UInt64(0)..<UInt64(2 * ReceivedPacketNumbers.rangeLimit))
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            order.shuffle(using: &generator)
            let (late, arrived) = (Array(order.prefix(30)), Array(order.dropFirst(30)))
            #expect(numbers(in: ranges(of: arrived)) == Set(arrived))
            #expect(ranges(of: arrived + late) == [0...UInt64(order.count - 1)])
        }
    }

    @Test func asManyRangesAsAreKeptGrowTogether() {
        let odd = (0..<UInt64(ReceivedPacketNumbers.rangeLimit)).map { 2 * $0 + 1 }
        #expect(ranges(of: odd).count == ReceivedPacketNumbers.rangeLimit)
        #expect(ranges(of: odd + odd.map { $0 - 1 }) == [0...UInt64(2 * ReceivedPacketNumbers.rangeLimit - 1)])
    }

    @Test func twiceTheSameChangesNothing() {
        #expect(ranges(of: [7, 9, 7, 8, 8]) == [7...9])
    }

    @Test func theOldestRangesAreForgotten() {
        let every = ranges(of: (UInt64(0)..<100).map { 2 * $0 })
        #expect(every.count == ReceivedPacketNumbers.rangeLimit)
        #expect(every.first == 198...198)
    }

    private func ranges(of numbers: [UInt64]) -> [ClosedRange<UInt64>] {
        var received = ReceivedPacketNumbers()
        for number in numbers { received.insert(number...number) }
        return received.ranges
    }

    private func numbers(in ranges: [ClosedRange<UInt64>]) -> Set<UInt64> {
        Set(ranges.joined())
    }
}
