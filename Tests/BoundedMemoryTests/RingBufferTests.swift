import QUICTesting
import Testing

@testable import BoundedMemory

/// Counts the tokens that are alive.
private final class Tally {
    var live = 0
}

/// An element that cannot be copied and says when it dies.
private struct Token: ~Copyable {
    let number: Int
    private let tally: Tally

    init(_ number: Int, _ tally: Tally) {
        self.number = number
        self.tally = tally
        tally.live += 1
    }

    deinit {
        tally.live -= 1
    }
}

@Suite struct RingBufferTests {
    @Test func startsWithNoMemory() {
        let ring = RingBuffer<Int>(capacityLimit: 64)
        let (count, capacity, bytes) = (ring.count, ring.capacity, ring.allocatedBytes)
        #expect(count == 0)
        #expect(capacity == 0)
        #expect(bytes == 0)
    }

    @Test func doublesFromEightToTheLimitAndGivesBackWhatDoesNotFit() {
        let ledger = MemoryLedger()
        var ring = RingBuffer<Int>(capacityLimit: 40, owner: ledger)
        var capacities: [Int] = []
        for number in 0..<40 {
            #expect(ring.push(number) == nil)
            if ring.capacity != capacities.last { capacities.append(ring.capacity) }
        }
        #expect(capacities == [8, 16, 32, 40])
        #expect(ring.push(40) == 40)
        #expect(ring.push(41) == 41)
        let overflows = ring.overflowCount
        #expect(overflows == 2)
        #expect(ledger.usage(of: .rings).liveBytes == ring.allocatedBytes)
        #expect(ledger.usage(of: .rings).liveBlocks == 1)
        #expect((0..<40).allSatisfy { ring.popFirst() == $0 })
        #expect(ring.popFirst() == nil)
        #expect(ledger.isEmpty)
    }

    @Test func halvesBelowAQuarterAndLetsGoWhenDrained() {
        var ring = RingBuffer<Int>(capacityLimit: 256)
        for number in 0..<256 { ring.push(number) }
        var capacities: [Int: Int] = [:]
        for _ in 0..<256 {
            _ = ring.popFirst()
            capacities[ring.count] = ring.capacity
        }
        #expect(capacities[64] == 256)
        #expect(capacities[63] == 128)
        #expect(capacities[32] == 128)
        #expect(capacities[31] == 64)
        #expect(capacities[3] == 8)
        #expect(capacities[1] == 8)
        #expect(capacities[0] == 0)
    }

    @Test func aLimitBelowEightIsKept() {
        var ring = RingBuffer<Int>(capacityLimit: 3)
        for number in 0..<5 { ring.push(number) }
        let (count, capacity, overflows) = (ring.count, ring.capacity, ring.overflowCount)
        #expect(count == 3)
        #expect(capacity == 3)
        #expect(overflows == 2)
    }

    @Test(arguments: [1, 5, 8, 64])
    func displacingTheFirstKeepsTheLatestInTheSameBlock(limit: Int) {
        let tally = Tally()
        var ring = RingBuffer<Token>(capacityLimit: limit)
        var bytes: Set<Int> = []
        for number in 0..<1_000 {
            let displaced = self.number(of: ring.pushDisplacing(Token(number, tally)))
            #expect(displaced == (number < limit ? nil : number - limit))
            if number >= limit - 1 { bytes.insert(ring.allocatedBytes) }
        }
        #expect(bytes.count == 1)
        var numbers: [Int] = []
        ring.forEach { numbers.append($0.number) }
        #expect(numbers == Array(1_000 - limit..<1_000))
        #expect(tally.live == limit)
        #expect(ring.overflowCount == 0)
        for number in 1_000 - limit..<1_000 { #expect(pop(&ring) == number) }
        #expect(tally.live == 0)
    }

    @Test func poppedAndRefusedElementsDie() {
        let tally = Tally()
        var ring = RingBuffer<Token>(capacityLimit: 16)
        for number in 0..<20 { _ = ring.push(Token(number, tally)) }
        #expect(tally.live == 16)
        for left in (0..<16).reversed() {
            _ = ring.popFirst()
            #expect(tally.live == left)
        }
    }

    @Test func whatRemainsDiesWithTheRing() {
        let tally = Tally()
        do {
            var ring = RingBuffer<Token>(capacityLimit: 64)
            for number in 0..<50 { _ = ring.push(Token(number, tally)) }
            for _ in 0..<20 { _ = ring.popFirst() }
            for number in 50..<80 { _ = ring.push(Token(number, tally)) }
            #expect(tally.live == 60)
        }
        #expect(tally.live == 0)
    }

    @Test func removingAllLetsGoOfElementsAndMemory() {
        let tally = Tally()
        var ring = RingBuffer<Token>(capacityLimit: 64)
        for number in 0..<50 { _ = ring.push(Token(number, tally)) }
        ring.removeAll()
        let bytes = ring.allocatedBytes
        #expect(tally.live == 0)
        #expect(bytes == 0)
    }

    @Test func elementsCanBeChangedInPlace() {
        var ring = RingBuffer<Int>(capacityLimit: 8)
        for number in 0..<8 { ring.push(number) }
        ring[7] += 100
        let last = ring[7]
        #expect(last == 107)
    }

    @Test(arguments: testSeeds, [5, 64, 100])
    func agreesWithAnArray(seed: UInt64, limit: Int) {
        var random = SeededGenerator(seed: seed)
        let (ledger, tally) = (MemoryLedger(), Tally())
        var ring = RingBuffer<Token>(capacityLimit: limit, owner: ledger)
        var model: [Int] = []
        var overflows = 0
        for step in 0..<100_000 {
            // The tide turns every few hundred steps, so that the ring fills and drains.
            if random.chance((step / 300).isMultiple(of: 2) ? 70 : 30) {
                let refused = ring.push(Token(step, tally)) != nil
                if refused { overflows += 1 } else { model.append(step) }
            } else {
                let expected = model.isEmpty ? nil : model.removeFirst()
                let popped = pop(&ring)
                if popped != expected { Issue.record("popped another element at step \(step); seed \(seed)") }
            }
            guard agrees(ring, with: model, overflows), tally.live == model.count,
                ledger.usage(of: .rings).liveBytes == ring.allocatedBytes
            else {
                Issue.record("the ring differs from the array at step \(step); seed \(seed)")
                return
            }
        }
        #expect(overflows > 0)
        ring.removeAll()
        #expect(tally.live == 0)
        #expect(ledger.isEmpty)
    }

    private func pop(_ ring: inout RingBuffer<Token>) -> Int? {
        number(of: ring.popFirst())
    }

    private func number(of token: consuming Token?) -> Int? {
        guard let token else { return nil }
        return token.number
    }

    private func agrees(_ ring: borrowing RingBuffer<Token>, with model: [Int], _ overflows: Int) -> Bool {
        guard ring.count == model.count, ring.overflowCount == overflows else { return false }
        if model.isEmpty { return ring.capacity == 0 && ring.allocatedBytes == 0 }
        let isTight = ring.capacity <= 8 || model.count >= ring.capacity / 4
        guard isTight, ring.capacity <= ring.capacityLimit, ring.allocatedBytes >= 16 * ring.capacity else {
            return false
        }
        var numbers: [Int] = []
        ring.forEach { numbers.append($0.number) }
        return numbers == model && ring[model.count - 1].number == model.last
    }
}
