import CShims
import QUICTesting
import Testing

@testable import BoundedMemory

/// A block the hooks handed out.
@safe
private struct Block {
    let start: UnsafeMutableRawPointer

    init?(_ start: UnsafeMutableRawPointer?) {
        guard let start = unsafe start else { return nil }
        unsafe self.start = start
    }

    func bytes(_ count: Int) -> [UInt8] {
        unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    func fill(_ count: Int, with byte: UInt8) {
        unsafe start.initializeMemory(as: UInt8.self, repeating: byte, count: count)
    }

    /// A number at the block's start, which takes 8 bytes.
    var mark: UInt64 {
        get { unsafe start.load(as: UInt64.self) }
        nonmutating set { unsafe start.storeBytes(of: newValue, as: UInt64.self) }
    }
}

/// Calls the hooks as the C library would, with an account of its own and its ledger.
private final class Library {
    let ledger = MemoryLedger()
    let account: MemoryAccount

    init(bytesLimit: Int = .max) {
        account = MemoryAccount(ledger: ledger)
        account.bytesLimit = bytesLimit
    }

    func allocate(_ size: Int) -> Block? {
        unsafe Block(TransportAllocator.allocate(size, account.userData))
    }

    func allocateZeroed(_ count: Int, _ size: Int) -> Block? {
        unsafe Block(TransportAllocator.allocateZeroed(count, size, account.userData))
    }

    func reallocate(_ block: Block?, _ size: Int) -> Block? {
        unsafe Block(TransportAllocator.reallocate(block?.start, size, account.userData))
    }

    func free(_ block: Block?) {
        unsafe TransportAllocator.free(block?.start, account.userData)
    }

    var heldBytes: Int { account.liveBytes(of: .transport) }
    var heldBlocks: Int { account.liveBlocks(of: .transport) }
}

@Suite struct TransportAllocatorTests {
    @Test func chargesWhatTheAllocatorSetAside() throws {
        let library = Library()
        let block = try #require(library.allocate(1_000))
        #expect((1_000...1_032).contains(library.heldBytes))
        #expect(library.heldBlocks == 1)
        #expect(library.ledger.usage(of: .transport).liveBytes == library.heldBytes)
        library.free(block)
        #expect(library.account.isEmpty)
        #expect(library.ledger.isEmpty)
        #expect(library.account.peakBytes >= 1_000)
    }

    @Test func refusesBeyondTheLimitAndCounts() throws {
        let library = Library(bytesLimit: 2_000)
        let block = try #require(library.allocate(1_500))
        #expect(library.allocate(600) == nil)
        #expect(library.allocateZeroed(6, 100) == nil)
        #expect(library.account.refusedCount == 2)
        #expect(library.ledger.refusedCount == 2)
        #expect(library.heldBlocks == 1)
        library.free(block)
        let later = library.allocate(600)
        #expect(later != nil)
        library.free(later)
        #expect(library.ledger.isEmpty)
    }

    /// The allocator sets more aside than it is asked for, so some blocks are refused once they are there. In a process of its
    /// own: other tests take memory meanwhile.
    @Test func aBlockThatIsRefusedIsFreed() async {
        await #expect(processExitsWith: .success) {
            let library = Library(bytesLimit: 10_001)
            let before = qh_heap_in_use()
            for _ in 0..<1_000 { #expect(library.allocate(10_001) == nil) }
            #expect(qh_heap_in_use() < before + 1_000_000)
            #expect(library.account.refusedCount == 1_000)
        }
    }

    @Test func aLimitMovedBelowWhatIsHeldRefusesUntilEnoughIsFreed() throws {
        let library = Library()
        let block = try #require(library.allocate(5_000))
        library.account.bytesLimit = 1_000
        #expect(library.allocate(1) == nil)
        library.free(block)
        let small = library.allocate(1)
        #expect(small != nil)
        library.free(small)
    }

    @Test func aSizeOfZeroStillGivesABlock() {
        let library = Library()
        let blocks = [library.allocate(0), library.allocateZeroed(0, 8), library.allocateZeroed(8, 0)]
        #expect(blocks.allSatisfy { $0 != nil })
        #expect(library.heldBlocks == 3)
        for block in blocks { library.free(block) }
        #expect(library.ledger.isEmpty)
    }

    @Test func freeingNothingDoesNothing() {
        let library = Library()
        library.free(nil)
        #expect(library.account.isEmpty)
    }

    @Test func zeroedMemoryIsZero() throws {
        let library = Library()
        let dirty = try #require(library.allocate(4_000))
        dirty.fill(4_000, with: 0xA5)
        library.free(dirty)
        let block = try #require(library.allocateZeroed(40, 100))
        #expect(block.bytes(4_000).allSatisfy { $0 == 0 })
        library.free(block)
    }

    @Test(arguments: [(Int.max, 2), (1 << 40, 1 << 40), (-1, 1), (1, -1), (-1, -1), (Int.min, -1)])
    func anOverflowingProductIsRefused(count: Int, size: Int) {
        let library = Library()
        #expect(library.allocateZeroed(count, size) == nil)
        #expect(library.account.refusedCount == 1)
        #expect(library.account.isEmpty)
    }

    @Test func anAbsurdSizeIsRefusedWithoutAskingTheSystem() throws {
        let library = Library(bytesLimit: 1 << 30)
        #expect(library.allocate(-1) == nil)
        #expect(library.allocate(.max) == nil)
        let block = try #require(library.allocate(10))
        #expect(library.reallocate(block, -1) == nil)
        #expect(library.reallocate(block, .max) == nil)
        library.free(block)
        #expect(library.account.refusedCount == 4)
        #expect(library.account.isEmpty)
    }

    @Test func reallocationKeepsTheContentAndTheCount() throws {
        let library = Library()
        var block = try #require(library.reallocate(nil, 10))
        block.fill(10, with: 7)
        for size in [5_000, 100_000, 10, 0] {
            block = try #require(library.reallocate(block, size))
            #expect(library.heldBlocks == 1)
            #expect((size...(size + 4_096)).contains(library.heldBytes))
            #expect(block.bytes(min(10, size)).allSatisfy { $0 == 7 })
        }
        library.free(block)
        #expect(library.ledger.isEmpty)
    }

    @Test func aRefusedReallocationLeavesTheOldBlock() throws {
        let library = Library(bytesLimit: 1_000)
        let block = try #require(library.allocate(100))
        block.mark = 42
        let held = library.heldBytes
        #expect(library.reallocate(block, 2_000) == nil)
        #expect(library.heldBytes == held)
        #expect(library.heldBlocks == 1)
        #expect(block.mark == 42)
        // Both blocks are held while the content moves.
        #expect(library.reallocate(block, 950) == nil)
        let moved = try #require(library.reallocate(block, 800))
        #expect(moved.mark == 42)
        #expect(library.account.peakBytes <= 1_000)
        library.free(moved)
        #expect(library.ledger.isEmpty)
    }

    @Test func aFailureStrikesOnceEveryFewTimesOrForGood() {
        let library = Library()
        library.ledger.failAllocation = .once(at: 2)
        let first = (0..<4).map { _ in library.allocate(8) }
        #expect(first.map { $0 != nil } == [true, false, true, true])
        #expect(library.ledger.failAllocation == nil)
        library.ledger.failAllocation = .from(3)
        let second = (0..<5).map { _ in library.allocateZeroed(1, 8) }
        #expect(second.map { $0 != nil } == [true, true, false, false, false])
        library.ledger.failAllocation = .every(2)
        let alternate = (0..<4).map { _ in library.allocate(8) }
        #expect(alternate.map { $0 != nil } == [true, false, true, false])
        library.ledger.failAllocation = nil
        let third = library.allocate(8)
        #expect(third != nil)
        #expect(library.ledger.refusableAllocationCount == 14)
        #expect(library.account.refusedCount == 6)
        for block in first + second + alternate + [third] { library.free(block) }
        #expect(library.ledger.isEmpty)
    }

    @Test(arguments: testSeeds)
    func agreesWithAListOfBlocks(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let limit = 60_000
        let library = Library(bytesLimit: limit)
        var blocks: [(block: Block, mark: UInt64)] = []
        var refusals = 0
        for step in 0..<100_000 {
            let mark = UInt64(step)
            let size = Int.random(in: 8...2_000, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                let zeroed = random.chance(50)
                let block = zeroed ? library.allocateZeroed(1, size) : library.allocate(size)
                guard let block else { refusals += 1; break }
                block.mark = mark
                blocks.append((block, mark))
            case 4..<6:
                guard let index = blocks.indices.randomElement(using: &random) else { break }
                guard let moved = library.reallocate(blocks[index].block, size) else { refusals += 1; break }
                blocks[index].block = moved
            default:
                guard let index = blocks.indices.randomElement(using: &random) else { break }
                let (block, mark) = blocks.remove(at: index)
                #expect(block.mark == mark, "seed \(seed)")
                library.free(block)
            }
            guard library.account.peakBytes <= limit, library.heldBlocks == blocks.count,
                library.account.refusedCount == refusals,
                library.ledger.usage(of: .transport).liveBytes == library.heldBytes
            else {
                Issue.record("the account differs from the list of blocks at step \(step); seed \(seed)")
                return
            }
        }
        for (block, mark) in blocks {
            #expect(block.mark == mark)
            library.free(block)
        }
        #expect(refusals > 0, "the limit was never reached; seed \(seed)")
        #expect(library.ledger.isEmpty)
    }
}
