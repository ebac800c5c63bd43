import BoundedMemory
import Datagrams
import QUICTesting
import Testing

@testable import QUICEndpoint

private func instant(_ nanoseconds: Int) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: UInt64(nanoseconds))
}

@Suite struct DeadlineQueueTests {
    @Test func startsWithNoMemoryAndEndsWithNone() {
        let ledger = MemoryLedger()
        var queue = DeadlineQueue(ledger: ledger)
        #expect(ledger.isEmpty)
        #expect(queue.next == nil)
        for slot in 0..<UInt32(1_000) { queue.set(instant(Int(slot)), for: slot) }
        #expect(ledger.usage(of: .table).liveBytes == queue.allocatedBytes)
        #expect(ledger.usage(of: .table).liveBlocks == 2)
        for slot in 0..<UInt32(1_000) { queue.remove(slot) }
        #expect(ledger.isEmpty)
        #expect(queue.next == nil)
    }

    @Test func whatRemainsIsFreedWithTheQueue() {
        let ledger = MemoryLedger()
        do {
            var queue = DeadlineQueue(ledger: ledger)
            for slot in 0..<UInt32(100) { queue.set(instant(5), for: slot) }
            #expect(!ledger.isEmpty)
        }
        #expect(ledger.isEmpty)
    }

    @Test func expiresInTheOrderOfDeadlinesAndNotBeforeThem() {
        var queue = DeadlineQueue()
        queue.set(instant(30), for: 3)
        queue.set(instant(10), for: 1)
        queue.set(instant(20), for: 2)
        #expect(queue.next == instant(10))
        #expect(queue.popExpired(at: instant(9)) == nil)
        #expect(queue.popExpired(at: instant(10)) == 1)
        #expect(queue.popExpired(at: instant(10)) == nil)
        #expect(queue.popExpired(at: instant(100)) == 2)
        #expect(queue.popExpired(at: instant(100)) == 3)
        #expect(queue.popExpired(at: .distantFuture) == nil)
    }

    @Test func movingADeadlineLeavesNoOldOneBehind() {
        var queue = DeadlineQueue()
        for deadline in [50, 10, 90, 10, 70] { queue.set(instant(deadline), for: 4) }
        let count = queue.count
        #expect(count == 1)
        #expect(queue.deadline(of: 4) == instant(70))
        #expect(queue.popExpired(at: instant(69)) == nil)
        #expect(queue.popExpired(at: instant(70)) == 4)
    }

    @Test func theDistantFutureIsNoDeadline() {
        var queue = DeadlineQueue()
        queue.set(.distantFuture, for: 1)
        queue.set(instant(5), for: 2)
        queue.set(.distantFuture, for: 2)
        let (count, bytes) = (queue.count, queue.allocatedBytes)
        #expect(count == 0)
        #expect(bytes == 0)
    }

    @Test func removingASlotWithoutADeadlineDoesNothing() {
        var queue = DeadlineQueue()
        queue.remove(7)
        queue.set(instant(1), for: 2)
        queue.remove(1)
        queue.remove(1_000_000)
        let count = queue.count
        #expect(count == 1)
    }

    @Test func memoryFollowsTheSlotsInUse() {
        var queue = DeadlineQueue()
        for slot in 0..<UInt32(10_000) { queue.set(instant(Int(slot)), for: slot) }
        let full = queue.allocatedBytes
        for slot in 100..<UInt32(10_000) { queue.remove(slot) }
        // The few that are left come and go.
        for time in 0..<1_200 {
            queue.remove(UInt32(time % 100))
            queue.set(instant(time), for: UInt32(time % 100))
        }
        let (few, isConsistent) = (queue.allocatedBytes, queue.isConsistent)
        // A large block is rounded up to whole pages.
        #expect(full <= 16_384 * (16 + 4) + 2 * 4_096)
        #expect(few <= 512 * 16 + 256 * 4 + 64)
        #expect(isConsistent)
    }

    @Test func aConnectionInAHighSlotDoesNotMakeTheIndexShrinkAndGrowEachTime() {
        var queue = DeadlineQueue()
        queue.set(instant(1), for: 3)
        queue.set(instant(2), for: 10_000)
        let full = queue.allocatedBytes
        var changes = 0
        for time in 0..<10_000 {
            queue.remove(10_000)
            if queue.allocatedBytes != full { changes += 1 }
            queue.set(instant(time), for: 10_000)
        }
        #expect((1...10).contains(changes), "\(changes)")
    }

    @Test(arguments: testSeeds, [20, 300])
    func agreesWithAnArray(seed: UInt64, slots: Int) {
        var random = SeededGenerator(seed: seed)
        let ledger = MemoryLedger()
        var queue = DeadlineQueue(ledger: ledger)
        var model = [MonotonicInstant?](repeating: nil, count: slots)
        var (now, count) = (0, 0)
        // The highest slot in use before each of the last removals, as many as the index may be too large for.
        var highestBefore: [Int] = []
        for step in 0..<100_000 {
            let slot = Int.random(in: 0..<slots, using: &random)
            let (countBefore, highest) = (count, model.lastIndex { $0 != nil } ?? 0)
            let isFilling = (step / (10 * slots)).isMultiple(of: 2)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<(isFilling ? 7 : 3):
                let deadline =
                    random.chance(10) ? .distantFuture : instant(now + Int.random(in: 0..<500, using: &random))
                queue.set(deadline, for: UInt32(slot))
                count += (deadline == .distantFuture ? 0 : 1) - (model[slot] == nil ? 0 : 1)
                model[slot] = deadline == .distantFuture ? nil : deadline
            case 7...8 where !isFilling:
                now += Int.random(in: 0..<40, using: &random)
                guard let expired = queue.popExpired(at: instant(now)) else { break }
                let soonest = model.compactMap { $0 }.min()
                if model[Int(expired)] != soonest { Issue.record("popped another deadline; seed \(seed)") }
                model[Int(expired)] = nil
                count -= 1
            default:
                queue.remove(UInt32(slot))
                count -= model[slot] == nil ? 0 : 1
                model[slot] = nil
            }
            if count < countBefore { highestBefore = highestBefore.suffix(2 * slots / 16) + [highest] }
            guard queue.count == count, queue.deadline(of: UInt32(slot)) == model[slot],
                isTight(queue, highest: max(highest, slot, highestBefore.max() ?? 0)),
                ledger.usage(of: .table).liveBytes == queue.allocatedBytes,
                !step.isMultiple(of: 10) || agrees(queue, with: model)
            else {
                Issue.record("the queue differs from the array at step \(step); seed \(seed)")
                return
            }
        }
        var last = instant(0)
        while let next = queue.next, let slot = queue.popExpired(at: .distantFuture) {
            #expect(next >= last && model[Int(slot)] == next)
            last = next
            count -= 1
        }
        #expect(count == 0)
        #expect(ledger.isEmpty)
    }

    private func agrees(_ queue: borrowing DeadlineQueue, with model: [MonotonicInstant?]) -> Bool {
        queue.isConsistent && queue.next == model.compactMap { $0 }.min()
            && model.indices.allSatisfy { queue.deadline(of: UInt32($0)) == model[$0] }
    }

    private func isTight(_ queue: borrowing DeadlineQueue, highest: Int) -> Bool {
        if queue.count == 0 { return queue.allocatedBytes == 0 }
        return queue.allocatedBytes <= 16 * max(8, 4 * queue.count) + 4 * max(16, 4 * highest) + 2 * 24
    }
}
