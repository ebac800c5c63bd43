import DatagramIO
import Datagrams
import QUICTesting
import QUICTransport
import QUICWorkers
import Testing

@testable import QUICServer

@Suite struct HandOverInboxTests {
    private static let path = NetworkPath(
        local: SocketAddress(ipv4: 192, 0, 2, 1, port: 4433),
        remote: SocketAddress(ipv4: 203, 0, 113, 9, port: 50_000)
    )

    /// An inbox and the loop that it wakes.
    private final class Owner {
        let inbox: HandOverInbox
        private var loop: EventLoop

        init(capacity: Int = HandOverInbox.capacityDefault, bytesLimit: Int = HandOverInbox.bytesLimitDefault) throws {
            loop = try EventLoop()
            inbox = HandOverInbox(capacity: capacity, bytesLimit: bytesLimit)
            inbox.open(waking: loop.waker)
        }

        /// Whether it was woken since this was last asked.
        func wasWoken() throws -> Bool {
            let now = MonotonicInstant.now()
            return try loop.wait(until: now, now: now).wasWoken
        }

        func put(_ bytes: [UInt8]) -> Bool {
            unsafe inbox.put(bytes.span.bytes, path: path, ecn: .capable0)
        }

        func take() -> [UInt8]? {
            guard let datagram = inbox.takeFirst() else { return nil }
            var bytes: [UInt8] = []
            datagram.withBytes { bytes = Array(copying: $0) }
            return bytes
        }
    }

    @Test func aDatagramComesOutAsItWentIn() throws {
        let owner = try Owner()
        #expect(owner.put([1, 2, 3]))
        #expect(owner.inbox.beginTaking() == 1)
        guard let taken = owner.inbox.takeFirst() else {
            Issue.record("nothing came out")
            return
        }
        let (path, ecn) = (taken.path, taken.ecn)
        taken.withBytes { bytes in
            let bytes = Array(copying: bytes)
            #expect(bytes == [1, 2, 3])
        }
        #expect(path == Self.path)
        #expect(ecn == .capable0)
        #expect(owner.take() == nil)
    }

    @Test func itHoldsNothingBeforeAndAfter() throws {
        let owner = try Owner()
        #expect(owner.inbox.statistics.waitingBytes == 0)
        for count in 0..<256 { #expect(owner.put([UInt8](repeating: 7, count: count))) }
        #expect(owner.inbox.statistics.waitingBytes > 256 * 255 / 2)
        for count in 0..<256 { #expect(owner.take()?.count == count) }
        #expect(owner.inbox.statistics.waitingBytes == 0)
    }

    @Test func itIsBoundedInSlots() throws {
        let owner = try Owner()
        for _ in 0..<256 { #expect(owner.put([1])) }
        for _ in 0..<44 { #expect(!owner.put([2])) }
        let statistics = owner.inbox.statistics
        #expect(statistics.handed == 256)
        #expect(statistics.overflowed == 44)
        #expect(owner.take() == [1])
        #expect(owner.put([3]))
        // The slots, and blocks of which the allocator says the size: more than the smallest where the rest would be too small.
        let waitingBytes = owner.inbox.statistics.waitingBytes
        var blocks: [Int] = []
        while let datagram = owner.inbox.takeFirst() { blocks.append(datagram.heldBytes) }
        #expect(blocks.count == 256)
        let slotBytes = waitingBytes - blocks.reduce(0, +)
        #expect((256 * 72...256 * 72 + 32).contains(slotBytes), "\(slotBytes)")
    }

    @Test func itIsBoundedInBytes() throws {
        let largest = [UInt8](repeating: 1, count: 1_500)
        let owner = try Owner()
        var count = 0
        while owner.put(largest) { count += 1 }
        #expect((160...174).contains(count))
        #expect(owner.inbox.statistics.overflowed == 1)
        #expect(owner.inbox.statistics.waitingBytes <= HandOverInbox.bytesLimitDefault + 256 * 72 + 64)
        #expect(owner.take() == largest)
        #expect(owner.put(largest))
    }

    @Test func theOwnerIsWokenOnceUntilItLooks() throws {
        let owner = try Owner()
        #expect(try !owner.wasWoken())
        #expect(owner.put([1]))
        #expect(try owner.wasWoken())
        #expect(owner.put([2]))
        #expect(try !owner.wasWoken())
        #expect(owner.inbox.beginTaking() == 2)
        _ = owner.take()
        // Here one still waits, and the owner takes no more than it was told of.
        #expect(owner.put([3]))
        #expect(try owner.wasWoken())
        #expect(owner.inbox.beginTaking() == 2)
    }

    @Test func aRefusedDatagramWakesNobody() throws {
        let owner = try Owner(capacity: 1)
        #expect(owner.put([1]))
        #expect(try owner.wasWoken())
        _ = owner.inbox.beginTaking()
        #expect(!owner.put([2]))
        #expect(try !owner.wasWoken())
    }

    @Test func nothingGetsInBeforeItOpensAndAfterItCloses() throws {
        let closed = HandOverInbox()
        let bytes: [UInt8] = [1, 2, 3]
        #expect(unsafe !closed.put(bytes.span.bytes, path: Self.path, ecn: .notCapable))
        #expect(closed.statistics == HandOverStatistics())
        let owner = try Owner()
        #expect(owner.put(bytes))
        #expect(owner.put(bytes))
        owner.inbox.close()
        #expect(!owner.put(bytes))
        let statistics = owner.inbox.statistics
        #expect(statistics.handed == 2)
        #expect(statistics.received == 2)
        #expect(statistics.overflowed == 0)
        #expect(statistics.waitingBytes == 0)
    }

    @Test(arguments: testSeeds)
    func agreesWithAnArray(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let owner = try Owner(capacity: 20, bytesLimit: 12_000)
        var model: [[UInt8]] = []
        var (handed, overflowed) = (0, 0)
        for step in 0..<20_000 {
            // The tide turns every hundred steps, so that the inbox fills and drains.
            if random.chance((step / 100).isMultiple(of: 2) ? 70 : 30) {
                let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: step), count: Int(random.next() % 1_501))
                if owner.put(bytes) {
                    #expect(model.count < 20 && Self.leastBytes(of: model + [bytes]) <= 12_000)
                    model.append(bytes)
                    handed += 1
                } else {
                    #expect(model.count == 20 || Self.mostBytes(of: model + [bytes]) > 12_000)
                    overflowed += 1
                }
            } else {
                #expect(owner.take() == (model.isEmpty ? nil : model.removeFirst()))
            }
            guard agrees(owner.inbox.statistics, with: model, handed, overflowed) else {
                Issue.record("the inbox differs at step \(step), seed \(seed): \(owner.inbox.statistics)")
                return
            }
        }
        #expect(overflowed > 0)
    }

    private func agrees(
        _ statistics: HandOverStatistics,
        with model: [[UInt8]],
        _ handed: Int,
        _ overflowed: Int
    ) -> Bool {
        guard statistics.handed == handed, statistics.overflowed == overflowed,
            statistics.received == handed - model.count
        else { return false }
        if model.isEmpty { return statistics.waitingBytes == 0 }
        let slots = 72 * model.count...72 * 32 + 32
        return statistics.waitingBytes >= Self.leastBytes(of: model) + slots.lowerBound
            && statistics.waitingBytes <= Self.mostBytes(of: model) + slots.upperBound
    }

    private static func leastBytes(of datagrams: [[UInt8]]) -> Int {
        datagrams.reduce(0) { $0 + $1.count }
    }

    /// The allocator rounds up, and gives more when the rest would be too small for another block.
    private static func mostBytes(of datagrams: [[UInt8]]) -> Int {
        leastBytes(of: datagrams) + 64 * datagrams.count
    }

    @Test func manyWorkersMayPutWhileOneTakes() async throws {
        let owner = try Owner()
        let inbox = owner.inbox
        let owned = Task { await Self.takeAll(of: inbox) }
        let put = await withTaskGroup(of: Int.self) { group in
            for worker in UInt8(0)..<3 { group.addTask { Self.put(20_000, into: inbox, by: worker) } }
            return await group.reduce(0, +)
        }
        inbox.close()
        owned.cancel()
        _ = await owned.value
        let statistics = inbox.statistics
        #expect(statistics.handed == put)
        #expect(statistics.received == put)
        #expect(statistics.handed + statistics.overflowed == 60_000)
        #expect(statistics.waitingBytes == 0)
    }

    /// How many of `count` datagrams `inbox` took.
    private static func put(_ count: Int, into inbox: HandOverInbox, by worker: UInt8) -> Int {
        let bytes = [UInt8](repeating: worker, count: 400)
        return (0..<count).count { _ in unsafe inbox.put(bytes.span.bytes, path: path, ecn: .notCapable) }
    }

    /// Takes what waits, turn by turn, until its task is cancelled.
    private static func takeAll(of inbox: HandOverInbox) async {
        while !Task.isCancelled {
            for _ in 0..<inbox.beginTaking() { _ = inbox.takeFirst() }
            await Task.yield()
        }
    }
}
