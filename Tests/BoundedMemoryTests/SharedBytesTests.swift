import Testing

@testable import BoundedMemory

/// Bytes that many queues send and that exist once.
@Suite struct SharedBytesTests {
    private let ledger = MemoryLedger()

    private func shared(_ count: Int, first: UInt8 = 0) throws -> SharedBytes {
        let bytes = (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0 % 251) }
        return try Self.copy(bytes, in: ledger)
    }

    private static func copy(_ bytes: [UInt8], in ledger: MemoryLedger) throws -> SharedBytes {
        unsafe try SharedBytes(copying: bytes.span.bytes, in: ledger)
    }

    private static func append(_ bytes: [UInt8], to box: QueueBox) throws {
        unsafe try box.queue.append(bytes.span.bytes)
    }

    private func account() -> MemoryAccount { MemoryAccount(ledger: ledger) }

    private func content(_ queue: inout ByteQueue) -> [UInt8] {
        var (bytes, offset): ([UInt8], UInt64) = ([], queue.baseOffset)
        while offset < queue.endOffset {
            unsafe queue.withVectors(from: offset) { vectors in
                for index in vectors.indices {
                    let vector = unsafe vectors[index]
                    unsafe bytes += Array(UnsafeBufferPointer(start: vector.base, count: vector.count))
                    unsafe offset += UInt64(vector.count)
                }
            }
        }
        return bytes
    }

    /// The figure of the promise: 16 KiB in a thousand queues are 16 KiB and a reference each.
    @Test func bytesInAThousandQueuesAreChargedOnce() throws {
        let accounts = (0..<1_000).map { _ in account() }
        do {
            var shared: SharedBytes? = try self.shared(16_384)
            let held = try #require(shared).heldBytes
            #expect((16_384...16_500).contains(held) && ledger.sharedBytes == held)
            var queues: [QueueBox] = []
            for account in accounts {
                let box = QueueBox(account)
                try box.queue.append(try #require(shared))
                #expect(account.sharedBytes == held && account.limitedBytes == held + account.liveBytes)
                #expect(account.liveBytes <= 64 && box.queue.sharedBytes == held)
                queues.append(box)
            }
            #expect(ledger.totalUsage.liveBytes <= held + 1_000 * 48)
            #expect(ledger.sharedBytes == held)
            shared = nil
            // The last queue that has not released them keeps them.
            for box in queues.dropLast() { box.queue.release(upTo: 16_384) }
            queues.last?.queue.release(upTo: 16_383)
            #expect(ledger.sharedBytes == held)
            #expect(queues.last.map { content(&$0.queue) } == [UInt8(16_383 % 251)])
            queues.last?.queue.release(upTo: 16_384)
            #expect(ledger.isEmpty && ledger.sharedBytes == 0)
        }
        #expect(accounts.allSatisfy { $0.isEmpty })
    }

    @Test func aQueueThatEndsGivesItsReferencesUp() throws {
        let account = account()
        do {
            let box = QueueBox(account)
            try box.queue.append(try shared(1_000))
            try box.queue.append(try shared(2_000))
            #expect(account.sharedBytes > 3_000 && ledger.sharedBytes == account.sharedBytes)
        }
        #expect(account.isEmpty && ledger.isEmpty && ledger.share.usedBytes == 0)
    }

    /// Copied and shared bytes of any lengths, in any order, with releases anywhere in between.
    @Test(arguments: [1, 2, 3, 4, 5])
    func copiedAndSharedBytesStayInOrder(seed: UInt64) throws {
        var state = seed
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        let account = account()
        do {
            let box = QueueBox(account)
            var expected: [UInt8] = []
            for round in 0..<400 {
                let count = [next(5), next(64), next(300), next(6_000)][next(4)]
                let first = UInt8(truncatingIfNeeded: round)
                if next(2) == 0 {
                    let shared = try shared(count, first: first)
                    try box.queue.append(shared)
                    shared.withBytes { unsafe expected += $0.withUnsafeBytes { unsafe Array($0) } }
                } else {
                    let bytes = [UInt8](repeating: first, count: count)
                    try Self.append(bytes, to: box)
                    expected += bytes
                }
                #expect(box.queue.count == expected.count)
                #expect(content(&box.queue) == expected, "round \(round)")
                let (held, blocks) = (box.queue.allocatedBytes, box.queue.allocatedBlocks)
                #expect(held <= box.queue.count + 2 * 4_096 + 32 * blocks, "round \(round)")
                #expect(box.queue.sharedBytes == account.sharedBytes)
                // As many as are appended, on average.
                let released = min(expected.count, next(3_200))
                box.queue.release(upTo: box.queue.baseOffset + UInt64(released))
                expected.removeFirst(released)
            }
        }
        #expect(account.isEmpty && ledger.isEmpty)
    }

    /// A header that is copied between two shared bodies takes a small segment, however much waits.
    @Test func fewBytesBetweenSharedOnesTakeASmallSegment() throws {
        let account = account()
        let box = QueueBox(account)
        let body = try shared(16_384)
        for _ in 0..<10 {
            try Self.append([1, 2, 3], to: box)
            try box.queue.append(body)
        }
        #expect(account.liveBytes <= 10 * (256 + 32 + 48), "\(account.liveBytes)")
    }

    @Test func bytesThatFitInTheLastSegmentAreCopied() throws {
        let account = account()
        let box = QueueBox(account)
        try Self.append([1], to: box)
        let held = account.liveBytes
        try box.queue.append(try shared(200))
        #expect(account.sharedBytes == 0 && account.liveBytes == held && ledger.sharedBytes == 0)
        // And few are copied in any case.
        let other = QueueBox(account)
        try other.queue.append(try shared(ByteQueue.copiedBytesLimit))
        #expect(account.sharedBytes == 0)
        try other.queue.append(try shared(0))
        let count = other.queue.count
        #expect(count == ByteQueue.copiedBytesLimit)
    }

    /// References count to a connection's limit as copies would.
    @Test func theLimitOfAnAccountHoldsForReferences() throws {
        let account = account()
        account.bytesLimit = 40_000
        let box = QueueBox(account)
        let body = try shared(16_384)
        try box.queue.append(body)
        try box.queue.append(body)
        #expect(throws: ByteQueueError.outOfMemory) { try box.queue.append(body) }
        #expect(account.limitRefusedCount == 1 && account.sharedBytes == 2 * body.heldBytes)
        let count = box.queue.count
        #expect(count == 32_768)
        // Less is left of the limit for everything else, too.
        #expect(!account.hasRoom(for: 8_000) && account.hasRoom(for: 6_000))
        box.queue.release(upTo: 16_384)
        try box.queue.append(body)
        box.queue.release(upTo: 49_152)
        #expect(account.isEmpty)
    }

    /// Where there is no block for a reference, nothing has changed.
    @Test func aReferenceThatIsRefusedChangesNothing() throws {
        let account = account()
        let box = QueueBox(account)
        try Self.append([1, 2], to: box)
        let body = try shared(5_000)
        ledger.failAllocation = .once(at: 1)
        #expect(throws: ByteQueueError.outOfMemory) { try box.queue.append(body) }
        #expect(account.sharedBytes == 0 && account.limitRefusedCount == 0)
        // The room behind the two bytes is still there.
        let held = account.liveBytes
        unsafe try box.queue.append([UInt8](repeating: 3, count: 254).span.bytes)
        #expect(account.liveBytes == held)
        #expect(content(&box.queue) == [1, 2] + [UInt8](repeating: 3, count: 254))
    }

    @Test func bytesAreRefusedWhereTheProcessHasNoneLeft() throws {
        let ledger = MemoryLedger(budget: MemoryBudget(bytesLimit: 1 << 20))
        let bytes = [UInt8](repeating: 1, count: 2 << 20)
        #expect(throws: ByteQueueError.outOfMemory) { try Self.copy(bytes, in: ledger) }
        #expect(ledger.isEmpty && ledger.refusedCount == 1 && ledger.share.usedBytes == 0)
        ledger.failAllocation = .once(at: 1)
        #expect(throws: ByteQueueError.outOfMemory) { try Self.copy([1], in: ledger) }
        #expect(ledger.isEmpty && ledger.refusedCount == 2)
    }
}
