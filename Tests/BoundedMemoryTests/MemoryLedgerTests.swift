import QUICTesting
import Testing

@testable import BoundedMemory

@Suite struct MemoryLedgerTests {
    @Test func everyClassHasACounterOfItsOwn() {
        #expect(MemoryClass.allCases.count == MemoryClass.count)
        #expect(MemoryClass.allCases.map(\.index) == Array(0..<MemoryClass.count))
    }

    @Test func classesAreNamedAsInTheMetrics() {
        #expect(MemoryClass.allCases.map(\.rawValue) == ["transport", "tls", "rings", "table", "closing"])
    }

    @Test func countsBytesBlocksAndPeakByClass() {
        let ledger = MemoryLedger()
        ledger.charge(100, to: .rings)
        ledger.charge(50, to: .rings)
        ledger.charge(7, to: .table)
        ledger.release(100, from: .rings)

        #expect(ledger.usage(of: .rings).liveBytes == 50)
        #expect(ledger.usage(of: .rings).liveBlocks == 1)
        #expect(ledger.usage(of: .rings).peakBytes == 150)
        #expect(ledger.usage(of: .table).liveBytes == 7)
        #expect(ledger.usage(of: .tls) == MemoryUsage())
        #expect(ledger.totalUsage.liveBytes == 57)
        #expect(ledger.totalUsage.liveBlocks == 2)
        #expect(ledger.totalUsage.peakBytes == 157)
    }

    @Test func aLostBlockOfNoBytesStillShows() {
        let ledger = MemoryLedger()
        ledger.charge(0, to: .closing)
        #expect(!ledger.isEmpty)
        ledger.release(0, from: .closing)
        #expect(ledger.isEmpty)
    }

    @Test func releasingMoreThanWasChargedStopsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            let ledger = MemoryLedger()
            ledger.charge(10, to: .rings)
            ledger.release(11, from: .rings)
        }
        await #expect(processExitsWith: .failure) {
            let ledger = MemoryLedger()
            ledger.charge(10, to: .rings)
            ledger.release(10, from: .tls)
        }
    }

    @Test(arguments: testSeeds)
    func agreesWithAListOfBlocks(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let ledger = MemoryLedger()
        let accounts = [MemoryAccount(ledger: ledger), MemoryAccount(ledger: ledger)]
        var blocks: [(account: Int, memoryClass: MemoryClass, bytes: Int)] = []
        var (total, peak) = (0, 0)
        for _ in 0..<100_000 {
            if blocks.isEmpty || random.chance(blocks.count < 40 ? 60 : 40) {
                let memoryClass = MemoryClass.allCases.randomElement(using: &random) ?? .rings
                let block = (random.chance(50) ? 0 : 1, memoryClass, Int.random(in: 0...5_000, using: &random))
                accounts[block.0].charge(block.2, to: block.1)
                blocks.append(block)
                total += block.2
                peak = max(peak, total)
            } else {
                let block = blocks.remove(at: Int.random(in: blocks.indices, using: &random))
                accounts[block.account].release(block.bytes, from: block.memoryClass)
                total -= block.bytes
            }
            guard ledger.totalUsage.liveBytes == total, ledger.totalUsage.liveBlocks == blocks.count,
                ledger.totalUsage.peakBytes == peak, accounts.reduce(0, { $0 + $1.liveBytes }) == total
            else {
                Issue.record("the ledger differs from the list of blocks; seed \(seed)")
                return
            }
        }
        expectClasses(of: ledger, accounts, agreeWith: blocks)
    }

    private func expectClasses(
        of ledger: MemoryLedger,
        _ accounts: [MemoryAccount],
        agreeWith blocks: [(account: Int, memoryClass: MemoryClass, bytes: Int)]
    ) {
        for memoryClass in MemoryClass.allCases {
            let held = blocks.filter { $0.memoryClass == memoryClass }
            #expect(ledger.usage(of: memoryClass).liveBytes == held.reduce(0) { $0 + $1.bytes })
            #expect(ledger.usage(of: memoryClass).liveBlocks == held.count)
            #expect(accounts.reduce(0) { $0 + $1.liveBlocks(of: memoryClass) } == held.count)
        }
        for block in blocks { accounts[block.account].release(block.bytes, from: block.memoryClass) }
        #expect(accounts.allSatisfy { $0.isEmpty })
        #expect(ledger.isEmpty)
    }

    private func echo(_ count: Int, through queue: inout ByteQueue) throws {
        unsafe try queue.append([UInt8](repeating: 1, count: count).span.bytes)
        queue.release(upTo: queue.endOffset)
    }

    @Test func theBlockOfAShortQueueServesTheNextOneAndDoesNotOutliveAllOthers() throws {
        let ledger = MemoryLedger()
        let account = MemoryAccount(ledger: ledger)
        account.charge(1_000, to: .transport)
        var queue = ByteQueue(capacityLimitBytes: 16_384, account: account)
        try echo(64, through: &queue)
        let spare = ledger.spareBytes
        #expect(spare >= 256)
        // To the connection it is gone, and to the ledger and the budget it is not.
        #expect(account.liveBytes == 1_000)
        #expect(ledger.usage(of: .table).liveBytes == spare)
        #expect(ledger.share.usedBytes == 1_000 + spare)
        unsafe try queue.append([1].span.bytes)
        #expect(ledger.spareBytes == 0)
        #expect(ledger.usage(of: .table).isEmpty)
        let allocated = queue.allocatedBytes
        #expect(account.liveBytes == 1_000 + allocated)
        queue.release(upTo: queue.endOffset)
        #expect(ledger.spareBytes == spare)
        account.release(1_000, from: .transport)
        #expect(ledger.spareBytes == 0)
        #expect(ledger.isEmpty)
        #expect(ledger.share.usedBytes == 0)
    }

    // A refusal is one, whether or not there is a spare block.
    @Test func aSpareBlockCountsAsAnAllocation() throws {
        let ledger = MemoryLedger()
        let account = MemoryAccount(ledger: ledger)
        account.charge(1_000, to: .transport)
        var queue = ByteQueue(capacityLimitBytes: 16_384, account: account)
        try echo(64, through: &queue)
        ledger.failAllocation = .once(at: 1)
        #expect(throws: ByteQueueError.outOfMemory) { try echo(64, through: &queue) }
        account.bytesLimit = 1_100
        #expect(throws: ByteQueueError.outOfMemory) { try echo(64, through: &queue) }
        account.release(1_000, from: .transport)
        #expect(ledger.isEmpty)
    }

    // Clients without time to spare acknowledge an answer after they have asked again.
    @Test func aHundredAnswersThatAreAcknowledgedLateTakeNoBlockOfTheSystem() throws {
        let ledger = MemoryLedger()
        let account = MemoryAccount(ledger: ledger)
        // A hundred connections at rest.
        account.charge(100 * 24 << 10, to: .transport)
        let queues = (0..<100).map { _ in QueueBox(account) }
        let message = [UInt8](repeating: 1, count: 64)
        for box in queues { unsafe try box.queue.append(message.span.bytes) }
        let taken = queues.reduce(0) { $0 + $1.queue.allocatedBytes }
        for box in queues { box.queue.release(upTo: box.queue.endOffset) }
        #expect(ledger.spareBytes == taken)
        for box in queues { unsafe try box.queue.append(message.span.bytes) }
        #expect(ledger.spareBytes == 0)
        for box in queues { box.queue.release(upTo: box.queue.endOffset) }
        account.release(100 * 24 << 10, from: .transport)
        #expect(ledger.isEmpty)
    }

    /// The spare blocks that are left of 256 where `bytes` bytes are held beside them.
    private func spareBlocks(besides bytes: Int) throws -> Int {
        let ledger = MemoryLedger()
        let account = MemoryAccount(ledger: ledger)
        account.charge(bytes, to: .transport)
        let queues = (0..<256).map { _ in QueueBox(account) }
        for box in queues { unsafe try box.queue.append([1].span.bytes) }
        for box in queues { box.queue.release(upTo: box.queue.endOffset) }
        #expect(ledger.spareBytes == ledger.usage(of: .table).liveBytes)
        let blocks = ledger.usage(of: .table).liveBlocks
        account.release(bytes, from: .transport)
        #expect(ledger.isEmpty)
        return blocks
    }

    // The queues themselves hold 256 blocks at first, whose part are four.
    @Test func spareBlocksFollowTheBytesThatAreHeld() throws {
        #expect((4...5).contains(try spareBlocks(besides: 1_000)))
        #expect((20...25).contains(try spareBlocks(besides: 64 * 20 * 288)))
        #expect(try spareBlocks(besides: 1 << 30) == MemoryLedger.spareBlocksLimit)
    }
}
