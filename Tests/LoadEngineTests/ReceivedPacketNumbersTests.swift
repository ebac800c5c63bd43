import PacketWriter
import Testing

@Suite struct ReceivedPacketNumbersTests {
    // RFC 9000 §13.2.1: an endpoint MUST NOT acknowledge a packet that was not received.
    @Test func aLostPacketIsNotAcknowledged() {
        #expect(ranges(of: [0, 1, 2, 4, 5]) == [4...5, 0...2])
    }

    @Test func whateverTheOrderRangesGrowTogether() {
        var order = Array(UInt64(0)..<200)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            order.shuffle(using: &generator)
            let missing = Set(order.prefix(30))
            let (arrived, late) = (order.dropFirst(30), order.prefix(30))
            #expect(numbers(in: ranges(of: Array(arrived))) == Set(order).subtracting(missing))
            #expect(ranges(of: Array(arrived) + late) == [0...199])
        }
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
