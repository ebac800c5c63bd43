import Datagrams
import PathRelay
import SeededRandom
import Testing

@Suite struct DatagramRingTests {
    private static let client = ClientID(place: 3, generation: 1)

    private static func label(_ number: Int, byteCount: Int) -> DatagramRing.Label {
        DatagramRing.Label(
            departure: MonotonicInstant(nanoseconds: UInt64(number)),
            client: client,
            byteCount: byteCount,
            ecn: ECN.allCases[number % 4]
        )
    }

    /// Bytes that differ with the number; made at once, since a closure for each would take longer than the ring.
    private static func bytes(_ number: Int, count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: count)
        bytes[count - 1] = UInt8(truncatingIfNeeded: number >> 8)
        return bytes
    }

    @Test(arguments: testSeeds)
    func holdsWhatANaiveQueueHolds(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var ring = DatagramRing(slotLimit: 1_500)
        var model: [(number: Int, bytes: [UInt8])] = []
        // Counted, since an expectation for each step takes longer than all steps.
        var differences = 0
        for number in 0..<12_000 {
            // Fills up at first, then empties, and so on.
            if generator.chance(number / 3_000 % 2 == 0 ? 0.8 : 0.2) {
                let byteCount = Int.random(in: 1...DatagramRing.datagramBytesLimit, using: &generator)
                let bytes = Self.bytes(number, count: byteCount)
                let isTaken = unsafe ring.append(bytes.span.bytes, Self.label(number, byteCount: byteCount))
                if isTaken != (model.count < 1_500) { differences += 1 }
                if isTaken { model.append((number, bytes)) }
            } else if let first = model.first {
                let isFirst = ring.withFirst { datagram, label in
                    let bytes = unsafe datagram.withUnsafeBytes { unsafe Array($0) }
                    return bytes == first.bytes && label.client == Self.client
                        && label.departure.nanoseconds == UInt64(first.number)
                        && label.ecn == ECN.allCases[first.number % 4]
                }
                if !isFirst { differences += 1 }
                ring.removeFirst()
                model.removeFirst()
            }
            let next = model.first.map { UInt64($0.number) }
            if ring.count != model.count || ring.nextDeparture?.nanoseconds != next { differences += 1 }
        }
        #expect(differences == 0)
    }
}
