import DatagramIO
import Datagrams
import QUICTransport
import QUICWorkers
import Testing

@testable import QUICServer

@Suite struct WorkInboxTests {
    private let handle = ConnectionHandle(index: 0, generation: 1)

    @Test func workIsBoundedInNumber() throws {
        let loop = try EventLoop()
        let inbox = WorkInbox(capacity: 3)
        inbox.open(waking: loop.waker)
        for _ in 0..<3 { try inbox.put(keeping: 0) { _ in } }
        #expect(throws: WorkError.full) { try inbox.put(keeping: 0) { _ in } }
        #expect(inbox.takeFirst() != nil)
        try inbox.put(keeping: 0) { _ in }
        let statistics = inbox.statistics
        #expect(statistics.posted == 4 && statistics.performed == 1 && statistics.refused == 1)
        inbox.close()
        #expect(inbox.statistics.waitingBytes == 0)
    }

    @Test func workIsBoundedInBytes() throws {
        let loop = try EventLoop()
        let inbox = WorkInbox(bytesLimit: 10_000)
        inbox.open(waking: loop.waker)
        try inbox.put(keeping: 9_000) { _ in }
        #expect(throws: WorkError.full) { try inbox.put(keeping: 1_000) { _ in } }
        // The largest that it must take.
        try inbox.put(keeping: 1_000 - 2 * Work.overheadBytes) { _ in }
        let waiting = inbox.statistics.waitingBytes
        #expect((10_000...11_000).contains(waiting), "\(waiting)")
        while inbox.takeFirst() != nil {}
        #expect(inbox.statistics.waitingBytes == 0)
    }

    @Test func aClosedInboxRefusesWork() throws {
        let inbox = WorkInbox()
        let loop = try EventLoop()
        inbox.open(waking: loop.waker)
        try inbox.perform(on: handle, keeping: 0, and: nil) { _ in }
        inbox.close()
        #expect(throws: WorkError.ended) { try inbox.perform(on: handle, keeping: 0, and: nil) { _ in } }
        let statistics = inbox.statistics
        #expect(statistics.waitingBytes == 0 && statistics.performed == 0 && statistics.dropped == 1)
    }

    @Test func workThatCameBeforeTheWorkerWakesIt() throws {
        let inbox = WorkInbox()
        try inbox.perform(on: handle, keeping: 0, and: nil) { _ in }
        var loop = try EventLoop()
        inbox.open(waking: loop.waker)
        let now = MonotonicInstant.now()
        #expect(try loop.wait(until: now.advanced(by: .seconds(5)), now: now).wasWoken)
        #expect(inbox.beginTaking() == 1)
    }

    @Test func workFromManyThreadsIsAllThere() async throws {
        let loop = try EventLoop()
        let inbox = WorkInbox(capacity: 100_000, bytesLimit: 1 << 30)
        inbox.open(waking: loop.waker)
        let refused = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<1_000).count { _ in (try? inbox.put(keeping: 1) { _ in }) == nil }
                }
            }
            return await group.reduce(0, +)
        }
        var taken = 0
        while inbox.takeFirst() != nil { taken += 1 }
        #expect(taken == 8_000 && refused == 0)
        #expect(inbox.statistics.waitingBytes == 0)
    }
}

extension WorkInboxTests {
    /// However many pieces of work keep them, in whatever order these came.
    @Test func bytesOfABroadcastCountOnceWhileTheyWait() throws {
        let inbox = WorkInbox(capacity: 100, bytesLimit: 100_000)
        let (one, another) = (BroadcastBytes([UInt8](repeating: 1, count: 60_000)), BroadcastBytes([2]))
        let more = BroadcastBytes([UInt8](repeating: 3, count: 50_000))
        func put(_ bytes: BroadcastBytes) throws(WorkError) {
            try inbox.perform(on: handle, keeping: 0, and: bytes) { _ in }
        }
        for _ in 0..<10 { try put(one) }
        try put(another)
        let waiting = inbox.statistics.waitingBytes
        let own = 60_001 + 11 * Work.overheadBytes
        #expect((own...own + 32 * MemoryLayout<Work>.stride).contains(waiting), "\(waiting)")
        for _ in 0..<10 {
            // As long as one of them waits.
            #expect(throws: WorkError.full) { try put(more) }
            _ = inbox.takeFirst()
        }
        try put(more)
        #expect(throws: WorkError.full) { try put(one) }
        while inbox.takeFirst() != nil {}
        #expect(inbox.statistics.waitingBytes == 0)
        // What is dropped counts no longer either.
        for bytes in [one, one, another] { try put(bytes) }
        inbox.close()
        #expect(inbox.statistics.waitingBytes == 0)
        #expect(throws: WorkError.ended) { try put(one) }
    }
}
