import QUICTesting
import Testing

@testable import BoundedMemory

/// The byte every test puts at a stream offset is the offset modulo a prime, so that no segment looks like the next.
private let patternPeriod: UInt64 = 251
private let patternBytes = (0..<200_000).map { UInt8($0 % Int(patternPeriod)) }

private func pattern(from offset: UInt64, count: Int) -> [UInt8] {
    let start = Int(offset % patternPeriod)
    return Array(patternBytes[start..<(start + count)])
}

extension ByteQueue {
    fileprivate mutating func appendPattern(count: Int) throws(ByteQueueError) {
        let bytes = pattern(from: endOffset, count: count)
        unsafe try append(bytes.span.bytes)
    }

    /// The vectors from an offset on, as addresses and counts.
    fileprivate mutating func vectors(from offset: UInt64, maximumBytes: Int = .max) -> [(address: UInt, count: Int)] {
        unsafe withVectors(from: offset, maximumBytes: maximumBytes) { vectors in
            unsafe vectors.map { unsafe (UInt(bitPattern: $0.base), $0.count) }
        }
    }

    /// Every byte from the base on, gathered vector by vector.
    fileprivate mutating func content() -> [UInt8] {
        var (bytes, offset): ([UInt8], UInt64) = ([], baseOffset)
        while offset < endOffset {
            unsafe withVectors(from: offset) { vectors in
                for index in vectors.indices {
                    let vector = unsafe vectors[index]
                    unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: vector.base, count: vector.count))
                    unsafe offset += UInt64(vector.count)
                }
            }
        }
        return bytes
    }

    /// Whether the queue holds no more than its documentation says.
    fileprivate var keepsItsBound: Bool {
        isEmpty
            ? allocatedBytes == 0 && allocatedBlocks == 0
            : allocatedBytes <= count + 2 * 4_096 + 32 * allocatedBlocks
    }
}

@Suite struct ByteQueueTests {
    @Test func startsWithNoMemoryAndEndsWithNone() throws {
        let ledger = MemoryLedger()
        var queue = ByteQueue(capacityLimitBytes: 16_384, account: MemoryAccount(ledger: ledger))
        #expect(ledger.isEmpty)
        try queue.appendPattern(count: 10_000)
        #expect(ledger.usage(of: .rings).liveBytes == queue.allocatedBytes)
        #expect(ledger.usage(of: .rings).liveBlocks == queue.allocatedBlocks)
        let released = queue.release(upTo: 10_000)
        let blocks = queue.allocatedBlocks
        #expect(released == 10_000)
        #expect(blocks == 0)
        #expect(ledger.isEmpty)
    }

    @Test(arguments: [(1, 256), (256, 256), (257, 512), (1_000, 1_024), (2_049, 4_096), (4_096, 4_096)])
    func theFirstSegmentHoldsTheFirstAppend(bytes: Int, room: Int) throws {
        var queue = ByteQueue(capacityLimitBytes: 16_384)
        try queue.appendPattern(count: bytes)
        let (blocks, allocated) = (queue.allocatedBlocks, queue.allocatedBytes)
        #expect(blocks == 1)
        // Its own 24 bytes, and up to 24 of malloc's: it rounds, and gives away a rest that is too small for a block.
        #expect((room...(room + 48)).contains(allocated))
    }

    @Test func memoryDoublesAsBytesAreAdded() throws {
        var queue = ByteQueue(capacityLimitBytes: 16_384)
        var rooms: [Int] = []
        for _ in 0..<16_384 {
            let before = queue.allocatedBytes
            try queue.appendPattern(count: 1)
            if queue.allocatedBytes > before { rooms.append((queue.allocatedBytes - before) / 256 * 256) }
        }
        #expect(rooms == [256, 256, 512, 1_024, 2_048, 4_096, 4_096, 4_096])
    }

    @Test func aSmallLimitNeverTakesALargeSegment() throws {
        var queue = ByteQueue(capacityLimitBytes: 1_000)
        for _ in 0..<100 { try queue.appendPattern(count: 10) }
        let allocated = queue.allocatedBytes
        #expect(allocated <= 1_024 + 3 * 32)
    }

    @Test func aFullQueueRefilledByteByByteDoesNotFallIntoTinySegments() throws {
        var queue = ByteQueue(capacityLimitBytes: 16_384)
        try queue.appendPattern(count: 16_384)
        for _ in 0..<50_000 {
            queue.release(upTo: queue.baseOffset + 1)
            try queue.appendPattern(count: 1)
            guard queue.allocatedBlocks <= 16 else { break }
        }
        let (blocks, keepsItsBound, content) = (queue.allocatedBlocks, queue.keepsItsBound, queue.content())
        #expect(blocks <= 16)
        #expect(keepsItsBound)
        #expect(content == pattern(from: 50_000, count: 16_384))
    }

    @Test func aSegmentIsFreedWithItsLastByte() throws {
        var queue = ByteQueue(capacityLimitBytes: 16_384)
        try queue.appendPattern(count: 12_288)
        var blocks: [Int] = [queue.allocatedBlocks]
        for offset: UInt64 in [4_095, 4_096, 8_191, 8_192, 12_287, 12_288] {
            queue.release(upTo: offset)
            blocks.append(queue.allocatedBlocks)
        }
        #expect(blocks == [3, 3, 2, 2, 1, 1, 0])
    }

    @Test func appendingIsAllOrNothing() throws {
        var queue = ByteQueue(capacityLimitBytes: 1_000)
        try queue.appendPattern(count: 600)
        let allocated = queue.allocatedBytes
        #expect(throws: ByteQueueError.full) { try queue.appendPattern(count: 401) }
        let (count, free, after) = (queue.count, queue.freeBytes, queue.allocatedBytes)
        #expect(count == 600)
        #expect(free == 400)
        #expect(after == allocated)
        try queue.appendPattern(count: 400)
        try queue.appendPattern(count: 0)
        let content = queue.content()
        #expect(content == pattern(from: 0, count: 1_000))
    }

    // A queue of a mebibyte has 162 segments, and not 258.
    @Test func segmentsGrowWithALongQueue() throws {
        var queue = ByteQueue(capacityLimitBytes: 4 << 20)
        for _ in 0..<1_024 { try queue.appendPattern(count: 1_024) }
        let (blocks, allocated, count) = (queue.allocatedBlocks, queue.allocatedBytes, queue.count)
        #expect(blocks <= 170)
        #expect(allocated <= count + 2 * 8_192 + 32 * blocks)
        while !queue.isEmpty {
            queue.release(upTo: min(queue.endOffset, queue.baseOffset + 1_000))
            let (blocks, allocated, count) = (queue.allocatedBlocks, queue.allocatedBytes, queue.count)
            guard allocated <= count + 2 * 8_192 + 32 * blocks else {
                Issue.record("\(allocated) bytes in \(blocks) blocks for \(count)")
                break
            }
        }
        // It is short again, and so are its segments.
        try queue.appendPattern(count: 1_000)
        let short = queue.keepsItsBound
        #expect(short)
    }

    @Test(arguments: [1, 16, 64, 200, 256, 1_000])
    func aPacketIsCoveredAtOnceHoweverSmallTheWrites(bytes: Int) throws {
        var queue = ByteQueue(capacityLimitBytes: 65_536)
        while queue.freeBytes >= bytes, queue.count < 20_000 { try queue.appendPattern(count: bytes) }
        for offset in stride(from: 0, through: queue.endOffset - 1_472, by: 97) {
            let covered = queue.vectors(from: offset, maximumBytes: 1_472).reduce(0) { $0 + $1.count }
            #expect(covered == 1_472)
        }
    }

    // Near its limit a queue has the smallest segments.
    @Test func aPacketIsCoveredAtOnceInAFullQueue() throws {
        var queue = ByteQueue(capacityLimitBytes: 2_048)
        while queue.freeBytes >= 100 { try queue.appendPattern(count: 100) }
        for _ in 0..<1_000 {
            queue.release(upTo: queue.baseOffset + 100)
            try queue.appendPattern(count: 100)
            let covered = queue.vectors(from: queue.baseOffset, maximumBytes: 1_472).reduce(0) { $0 + $1.count }
            #expect(covered == 1_472)
        }
    }

    @Test func vectorsCoverAtMostEightSegmentsAndTheBytesAskedFor() throws {
        var queue = ByteQueue(capacityLimitBytes: 65_536)
        try queue.appendPattern(count: 40_960)
        let all = queue.vectors(from: 0).map(\.count)
        let later = queue.vectors(from: 5_000).map(\.count)
        let few = queue.vectors(from: 4_000, maximumBytes: 1_200).map(\.count)
        let none = queue.vectors(from: 4_000, maximumBytes: 0).count
        let end = queue.vectors(from: 40_960).count
        #expect(all == [Int](repeating: 4_096, count: 8))
        #expect(later == [3_192] + [Int](repeating: 4_096, count: 7))
        #expect(few == [96, 1_104])
        #expect(none == 0)
        #expect(end == 0)
    }

    @Test func generatedBytesAreWrittenWhereTheyStay() throws {
        var queue = ByteQueue(capacityLimitBytes: 16_384)
        try unsafe queue.append(count: 9_000) { room, offset in
            unsafe pattern(from: offset, count: room.count).withUnsafeBytes { unsafe room.copyMemory(from: $0) }
        }
        let content = queue.content()
        #expect(content == pattern(from: 0, count: 9_000))
    }

    @Test func releasingTwiceReleasesNothing() throws {
        var queue = ByteQueue(capacityLimitBytes: 16_384)
        try queue.appendPattern(count: 100)
        let released = [queue.release(upTo: 60), queue.release(upTo: 60), queue.release(upTo: 10)]
        #expect(released == [60, 0, 0])
    }

    @Test func whatRemainsIsFreedWithTheQueue() throws {
        let ledger = MemoryLedger()
        do {
            var queue = ByteQueue(capacityLimitBytes: 65_536, account: MemoryAccount(ledger: ledger))
            try queue.appendPattern(count: 50_000)
            queue.release(upTo: 7_000)
        }
        #expect(ledger.isEmpty)
        #expect(ledger.usage(of: .rings).peakBytes > 50_000)
    }

    @Test func anAccountsLimitIsOutOfMemory() throws {
        let account = MemoryAccount(ledger: MemoryLedger())
        account.bytesLimit = 10_000
        var queue = ByteQueue(capacityLimitBytes: 65_536, account: account)
        try queue.appendPattern(count: 8_000)
        #expect(throws: ByteQueueError.outOfMemory) { try queue.appendPattern(count: 3_000) }
        let content = queue.content()
        #expect(content == pattern(from: 0, count: 8_000))
        #expect(account.refusedCount == 1)
        #expect(account.liveBytes(of: .rings) <= 10_000)
    }

    @Test func releasingBytesNeverAppendedStopsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            var queue = ByteQueue(capacityLimitBytes: 100)
            queue.release(upTo: 1)
        }
    }

    @Test func readingReleasedBytesStopsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            var queue = ByteQueue(capacityLimitBytes: 100)
            try? queue.appendPattern(count: 3)
            queue.release(upTo: 2)
            _ = queue.vectors(from: 1)
        }
    }
}

@Suite struct ByteQueueOutOfMemoryTests {
    private static let appends = [1, 300, 700, 9_000, 100, 12_000, 5_000]

    @Test func everySegmentCanBeRefusedOnceWithoutATrace() throws {
        let total = try refuse { _ in nil }.asked
        #expect(total >= 8)
        for number in 1...total {
            let outcome = try refuse { _ in .once(at: number) }
            #expect(outcome.refused == 1, "allocation \(number)")
        }
    }

    @Test func everySegmentCanBeRefusedForGood() throws {
        let total = try refuse { _ in nil }.asked
        for number in 1...total {
            let outcome = try refuse { _ in .from(number) }
            #expect(outcome.refused >= 1, "allocation \(number)")
        }
    }

    /// Appends with a failure set; after each refusal checks that nothing changed, then lets the append succeed.
    private func refuse(
        _ failure: (Int) -> AllocationFailure?
    ) throws -> (asked: Int, refused: Int) {
        let ledger = MemoryLedger()
        let account = MemoryAccount(ledger: ledger)
        var queue = ByteQueue(capacityLimitBytes: 32_768, account: account)
        ledger.failAllocation = failure(0)
        for count in Self.appends {
            let before = (queue.endOffset, queue.allocatedBytes, queue.allocatedBlocks, account.liveBytes)
            do throws(ByteQueueError) {
                try queue.appendPattern(count: count)
            } catch {
                #expect(error == .outOfMemory)
                let after = (queue.endOffset, queue.allocatedBytes, queue.allocatedBlocks, account.liveBytes)
                #expect(after == before)
                let failure = ledger.failAllocation
                ledger.failAllocation = nil
                try queue.appendPattern(count: count)
                ledger.failAllocation = failure.map { _ in .from(1) }
            }
        }
        let (content, asked) = (queue.content(), ledger.refusableAllocationCount)
        #expect(content == pattern(from: 0, count: Self.appends.reduce(0, +)))
        queue.release(upTo: queue.endOffset)
        #expect(ledger.isEmpty)
        return (asked, ledger.refusedCount)
    }
}

@Suite struct ByteQueueModelTests {
    /// Where each byte was put, by runs in the order of the stream.
    private struct Placement {
        var runs: [(offset: UInt64, count: Int, address: UInt)] = []

        func address(of offset: UInt64) -> UInt? {
            runs.last { $0.offset <= offset && offset < $0.offset + UInt64($0.count) }
                .map { $0.address + UInt(offset - $0.offset) }
        }

        mutating func release(upTo offset: UInt64) {
            runs.removeAll { $0.offset + UInt64($0.count) <= offset }
        }
    }

    @Test(arguments: testSeeds, [300, 16_384, 100_000])
    func noByteMovesOrChangesUntilItIsReleased(seed: UInt64, limit: Int) {
        var random = SeededGenerator(seed: seed)
        let ledger = MemoryLedger()
        let account = MemoryAccount(ledger: ledger)
        var queue = ByteQueue(capacityLimitBytes: limit, account: account)
        var placement = Placement()
        var (base, end): (UInt64, UInt64) = (0, 0)
        for step in 0..<100_000 {
            if random.chance((step / 500).isMultiple(of: 2) ? 65 : 35) {
                let count = randomCount(upTo: limit / 3, using: &random)
                if random.chance(2) { ledger.failAllocation = .once(at: Int.random(in: 1...3, using: &random)) }
                let fits = count <= limit - Int(end - base)
                if append(count, to: &queue, fits: fits, &placement) { end += UInt64(count) }
                ledger.failAllocation = nil
            } else {
                let offset = base + UInt64(Int.random(in: 0...min(Int(end - base), limit / 3), using: &random))
                if queue.release(upTo: offset) != Int(offset - base) { Issue.record("released another count") }
                base = offset
                placement.release(upTo: base)
            }
            guard queue.baseOffset == base, queue.endOffset == end, queue.keepsItsBound,
                account.liveBytes(of: .rings) == queue.allocatedBytes,
                account.liveBlocks(of: .rings) == queue.allocatedBlocks,
                vectorsAgree(&queue, placement, from: UInt64.random(in: base...end, using: &random), &random),
                !step.isMultiple(of: 1_000) || queue.content() == pattern(from: base, count: Int(end - base))
            else {
                Issue.record("the queue differs from the model at step \(step); seed \(seed), limit \(limit)")
                return
            }
        }
        #expect(queue.release(upTo: end) == Int(end - base))
        #expect(ledger.isEmpty)
        #expect(ledger.refusedCount > 0)
    }

    /// Mostly a message, now and then a byte or as much as possible.
    private func randomCount(upTo most: Int, using random: inout SeededGenerator) -> Int {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: Int.random(in: 0...2, using: &random)
        case 1: Int.random(in: 0...most, using: &random)
        default: Int.random(in: 0...min(most, 200), using: &random)
        }
    }

    private func append(
        _ count: Int,
        to queue: inout ByteQueue,
        fits: Bool,
        _ placement: inout Placement
    ) -> Bool {
        do throws(ByteQueueError) {
            unsafe try queue.append(count: count) { room, offset in
                unsafe pattern(from: offset, count: room.count).withUnsafeBytes { unsafe room.copyMemory(from: $0) }
                placement.runs.append((offset, room.count, UInt(bitPattern: room.baseAddress)))
            }
            if !fits { Issue.record("took more bytes than the limit") }
            return true
        } catch {
            if (error == .full) == fits { Issue.record("refused for another reason") }
            return false
        }
    }

    private func vectorsAgree(
        _ queue: inout ByteQueue,
        _ placement: Placement,
        from start: UInt64,
        _ random: inout SeededGenerator
    ) -> Bool {
        let maximumBytes = Int.random(in: 0...6_000, using: &random)
        var offset = start
        let vectors = queue.vectors(from: start, maximumBytes: maximumBytes)
        for vector in vectors {
            guard vector.count > 0, placement.address(of: offset) == vector.address,
                placement.address(of: offset + UInt64(vector.count) - 1) == vector.address + UInt(vector.count) - 1
            else { return false }
            offset += UInt64(vector.count)
        }
        let covered = Int(offset - start)
        let isComplete = covered == min(Int(queue.endOffset - start), maximumBytes)
        return vectors.count <= ByteQueue.vectorLimit && (isComplete || vectors.count == ByteQueue.vectorLimit)
    }
}
