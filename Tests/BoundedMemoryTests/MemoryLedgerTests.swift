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
}
