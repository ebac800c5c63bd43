import BoundedMemory
import Testing

/// Blocks taken in an account's name.
@safe
private final class Blocks {
    private let account: MemoryAccount
    private var taken: [UnsafeMutableRawPointer] = unsafe []

    init(of account: MemoryAccount) {
        self.account = account
    }

    /// Takes a block; false when it was refused.
    func take(_ bytes: Int) -> Bool {
        guard let block = unsafe account.allocate(bytes, for: .transport) else { return false }
        unsafe taken.append(block)
        return true
    }

    func freeAll() {
        while let block = unsafe taken.popLast() { unsafe account.free(block, from: .transport) }
    }
}

@Suite struct MemoryBudgetTests {
    /// Chunks of 4 KiB, and 16 KiB that allocations leave to those which cannot be refused.
    private let budget = MemoryBudget(bytesLimit: 1 << 20)

    private func account(of ledger: MemoryLedger) -> MemoryAccount {
        MemoryAccount(ledger: ledger)
    }

    @Test func aFloorIsTakenWhetherItIsHeldOrNot() {
        let ledger = MemoryLedger(budget: budget)
        let account = account(of: ledger)
        account.floorBytes = 32_768
        #expect(ledger.share.usedBytes == 32_768)
        account.charge(30_000, to: .transport)
        #expect(ledger.share.usedBytes == 32_768)
        #expect(account.borrowedBytes == 0)
        account.charge(10_000, to: .tls)
        #expect(account.borrowedBytes == 7_232)
        #expect(ledger.share.usedBytes == 40_000)
        account.release(10_000, from: .tls)
        account.floorBytes = 0
        #expect(ledger.share.usedBytes == 30_000)
        account.release(30_000, from: .transport)
        #expect(ledger.share.usedBytes == 0)
        #expect(budget.takenBytes == 0)
    }

    @Test func twoWorkersTogetherNeverPassTheLimit() {
        let ledgers = [MemoryLedger(budget: budget), MemoryLedger(budget: budget)]
        let accounts = ledgers.map { account(of: $0) }
        let blocks = accounts.map { Blocks(of: $0) }
        var refusedCount = 0
        while refusedCount < 4 {
            for taker in blocks where !taker.take(3_000) { refusedCount += 1 }
        }
        let held = ledgers.map(\.totalUsage.liveBytes).reduce(0, +)
        #expect(held <= budget.bytesLimit)
        // Nearly all of it can be used: the headroom, and less than a block for each, are left.
        #expect(held > budget.bytesLimit - budget.bytesLimit / 64 - 2 * 4_096)
        #expect(budget.pressure == .shedding)
        #expect(accounts.allSatisfy { $0.wasRefusedByProcess && $0.limitRefusedCount == 0 })
        for taker in blocks { taker.freeAll() }
        #expect(budget.takenBytes == 0)
        #expect(budget.pressure == .none)
    }

    @Test func anAccountBelowItsFloorIsServedWhenNothingIsLeft() {
        let ledger = MemoryLedger(budget: budget)
        let (modest, greedy) = (account(of: ledger), account(of: ledger))
        modest.floorBytes = 20_000
        let (few, many) = (Blocks(of: modest), Blocks(of: greedy))
        while many.take(5_000) {}
        #expect(!many.take(5_000))
        #expect(few.take(15_000))
        #expect(!few.take(8_000), "above its floor it borrows like the others")
        few.freeAll()
        many.freeAll()
    }

    @Test func theLastPacketOfAConnectionIsNotRefused() {
        let ledger = MemoryLedger(budget: budget)
        let account = account(of: ledger)
        account.bytesLimit = 100
        let blocks = Blocks(of: account)
        #expect(!blocks.take(1_000))
        #expect(account.withoutLimit { blocks.take(1_000) })
        #expect(!blocks.take(1))
        blocks.freeAll()
    }

    @Test func pressureFollowsTheMarks() {
        let ledger = MemoryLedger(budget: budget)
        let step = budget.bytesLimit / 100
        for (percent, pressure) in [
            (80, MemoryPressure.none), (86, .noGrowth), (91, .shrinking), (96, .shedding), (80, .none),
        ] {
            let account = account(of: ledger)
            account.floorBytes = percent * step
            ledger.share.refresh()
            #expect(ledger.share.pressure == pressure, "\(percent) %")
            #expect((ledger.share.borrowableBytes > 0) == (pressure == .none))
            account.floorBytes = 0
        }
    }

    @Test func theGraceShrinksToNothingWhereAllocationsAreRefused() {
        let budget = MemoryBudget(bytesLimit: 64 << 20)
        let ledger = MemoryLedger(budget: budget)
        let (first, last) = ((64 << 20) / 100 * MemoryBudget.shedPercent, (64 << 20) - (64 << 20) / 64)
        for (held, grace) in [(first, 20 << 10), ((first + last) / 2, 10 << 10), (last, 0), (64 << 20, 0)] {
            let account = account(of: ledger)
            account.floorBytes = held
            ledger.share.refresh()
            #expect(abs(ledger.share.graceBytes - grace) < 512, "\(held)")
            account.floorBytes = 0
        }
    }

    @Test func noBorrowerIsPromisedMoreThanIsLeftForTheOthers() {
        let share = MemoryLedger(budget: budget).share
        let promisable = budget.bytesLimit / 100 * MemoryBudget.growthPercent * budget.overcommitment
        #expect(share.admitsCommitment(of: promisable / 2, beside: 0))
        #expect(!share.admitsCommitment(of: promisable / 2 + 1, beside: 0))
        share.commit(promisable / 2)
        #expect(!share.admitsCommitment(of: 1, beside: promisable / 2))
        #expect(share.admitsCommitment(of: promisable / 4, beside: 0))
        share.commit(-promisable / 2)
        #expect(budget.committedBytes == 0)
    }

    @Test func aStrictBudgetPromisesOnlyWhatNobodyHolds() {
        let strict = MemoryBudget(bytesLimit: 1 << 20, overcommitment: 1)
        let ledger = MemoryLedger(budget: strict)
        let account = account(of: ledger)
        account.floorBytes = 700_000
        ledger.share.refresh()
        let left = (1 << 20) / 100 * MemoryBudget.growthPercent - strict.takenBytes
        #expect(ledger.share.admitsCommitment(of: left / 2, beside: 0))
        #expect(!ledger.share.admitsCommitment(of: left / 2 + 1, beside: 0))
        account.floorBytes = 0
    }

    @Test func aWorkerThatEndsGivesBackWhatItHadInReserve() {
        do {
            let ledger = MemoryLedger(budget: budget)
            ledger.charge(10_000, to: .table)
            ledger.share.commit(500)
            #expect(budget.takenBytes >= 10_000)
        }
        #expect(budget.takenBytes == 0)
        #expect(budget.committedBytes == 0)
    }
}
