import BoundedMemory
import CNgtcp2
import Testing

@testable import QUICTransport

/// The queue of datagrams to send: its order, its bounds, its memory, and its turns.
@Suite struct DatagramFrameQueueTests {
    private let ledger = MemoryLedger()
    private let account: MemoryAccount

    init() {
        account = MemoryAccount(ledger: ledger)
    }

    private func queue(datagrams: Int, bytes: Int) -> DatagramFrameQueue {
        var configuration = TransportConfiguration()
        configuration.queuedDatagrams = datagrams
        configuration.queuedDatagramBytes = bytes
        return DatagramFrameQueue(account: account, configuration: configuration)
    }

    /// How many datagrams had to go for `bytes`.
    private func push(_ queue: DatagramFrameQueue, _ bytes: [UInt8]) throws -> Int {
        let before = queue.counts.dropped
        unsafe try queue.push(bytes.span.bytes)
        return queue.counts.dropped - before
    }

    /// The bytes of the first datagram.
    private func first(_ queue: DatagramFrameQueue) -> [UInt8] {
        queue.withFirst { vectors in
            let (start, count) = unsafe (vectors.start, vectors.count)
            return (0..<count).flatMap {
                unsafe Array(UnsafeBufferPointer(start: start?[$0].base, count: start?[$0].len ?? 0))
            }
        }
    }

    @Test func datagramsComeOutWholeAndInOrder() throws {
        let queue = queue(datagrams: 100, bytes: 100_000)
        let sizes = [0, 1, 255, 256, 1_472, 3, 0, 1_200, 900]
        for (number, size) in sizes.enumerated() {
            #expect(try push(queue, [UInt8](repeating: UInt8(number), count: size)) == 0)
        }
        for (number, size) in sizes.enumerated() {
            #expect(queue.firstByteCount == size)
            #expect(first(queue) == [UInt8](repeating: UInt8(number), count: size))
            queue.removeFirst()
        }
        #expect(queue.isEmpty && queue.firstByteCount == nil)
    }

    @Test func theOldestMakeRoomForTheNewest() throws {
        let byNumber = queue(datagrams: 3, bytes: 1_000)
        for number in UInt8(0)..<5 { #expect(try push(byNumber, [number]) == (number < 3 ? 0 : 1)) }
        #expect(first(byNumber) == [2] && byNumber.counts.dropped == 2)
        let byBytes = queue(datagrams: 100, bytes: 1_000)
        for number in UInt8(0)..<10 { #expect(try push(byBytes, [UInt8](repeating: number, count: 100)) == 0) }
        #expect(try push(byBytes, [UInt8](repeating: 10, count: 250)) == 3)
        #expect(first(byBytes) == [UInt8](repeating: 3, count: 100) && byBytes.counts.dropped == 3)
        #expect(try push(byBytes, [UInt8](repeating: 11, count: 1_000)) == 8)
        #expect(first(byBytes) == [UInt8](repeating: 11, count: 1_000))
    }

    @Test func anEmptyQueueHoldsNothingButItself() throws {
        let queue = queue(datagrams: 100, bytes: 100_000)
        #expect(account.liveBytes(of: .rings) == 0 && account.liveBlocks(of: .table) == 1)
        #expect(account.liveBytes(of: .table) <= 232)
        for _ in 0..<60 { _ = try push(queue, [UInt8](repeating: 1, count: 1_000)) }
        #expect(account.liveBytes(of: .rings) <= 60_000 + 2 * 4_096 + 1_024)
        for _ in 0..<60 { queue.removeFirst() }
        #expect(account.liveBytes(of: .rings) == 0 && account.liveBlocks(of: .rings) == 0)
        queue.removeFirst()
        #expect(queue.isEmpty)
    }

    @Test func aQueueThatGoesTakesItsDatagramsAlong() throws {
        do {
            let queue = queue(datagrams: 100, bytes: 100_000)
            for _ in 0..<60 { _ = try push(queue, [UInt8](repeating: 1, count: 1_000)) }
            #expect(account.liveBytes > 60_000)
        }
        #expect(account.isEmpty && ledger.isEmpty)
    }

    @Test func whoeverBeganAPacketGoesSecondInTheNext() {
        let queue = queue(datagrams: 1, bytes: 1_000)
        func packet(byDatagrams: Bool, streams: Int, datagrams: Int) -> Bool {
            var contents = PacketContents()
            (contents.beginsWithDatagrams, contents.streamFrameCount) = (byDatagrams, streams)
            contents.datagramFrameCount = datagrams
            queue.noteTurn(contents)
            return queue.goesFirst
        }
        #expect(queue.goesFirst)
        // Nothing was sent: it is still their turn.
        #expect(packet(byDatagrams: true, streams: 0, datagrams: 0))
        #expect(!packet(byDatagrams: true, streams: 1, datagrams: 2))
        #expect(!packet(byDatagrams: false, streams: 0, datagrams: 1))
        #expect(packet(byDatagrams: false, streams: 1, datagrams: 1))
    }
}
