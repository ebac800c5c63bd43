import Datagrams
import Glibc
import Testing

@testable import DatagramIO

@Suite struct EventLoopTests {
    /// Long enough that a test which waits for it has failed.
    private static let patience = Duration.seconds(10)

    @Test func aDatagramEndsTheWaitWithItsSocketsTag() throws {
        let first = try Peer()
        let second = try Peer()
        var loop = try EventLoop()
        try loop.add(first.socket, tag: 11)
        try loop.add(second.socket, tag: 22)
        #expect(try first.send([1], to: second.address) == .drained)

        let wakeup = try wait(&loop, atMost: Self.patience)
        #expect(wakeup == .init(readyCount: 1, wasWoken: false))
        #expect(loop.ready(0) == .init(tag: 22, isReadable: true, isWritable: false))
        #expect(try second.receive(1).count == 1)
        #expect(try wait(&loop, atMost: .zero).readyCount == 0)
    }

    @Test func aSocketThatIsNotEmptiedIsReportedAgain() throws {
        let peer = try Peer()
        var loop = try EventLoop()
        try loop.add(peer.socket, tag: 1)
        #expect(try peer.send([1], to: peer.address) == .drained)
        #expect(try wait(&loop, atMost: Self.patience).readyCount == 1)
        #expect(try wait(&loop, atMost: Self.patience).readyCount == 1)
    }

    @Test func roomToSendIsReportedWhileWanted() throws {
        let peer = try Peer()
        var loop = try EventLoop()
        try loop.add(peer.socket, tag: 5)
        #expect(try wait(&loop, atMost: .zero).readyCount == 0)
        try loop.setWantsWrite(true, for: peer.socket, tag: 5)
        #expect(try wait(&loop, atMost: Self.patience).readyCount == 1)
        #expect(loop.ready(0) == .init(tag: 5, isReadable: false, isWritable: true))
        try loop.setWantsWrite(false, for: peer.socket, tag: 5)
        #expect(try wait(&loop, atMost: .zero).readyCount == 0)
    }

    @Test func aClosedSocketIsForgotten() throws {
        var peer: Peer? = try Peer()
        var loop = try EventLoop()
        if let peer {
            try loop.add(peer.socket, tag: 5)
            try loop.setWantsWrite(true, for: peer.socket, tag: 5)
        }
        #expect(try wait(&loop, atMost: Self.patience).readyCount == 1)
        peer = nil
        #expect(try wait(&loop, atMost: .zero).readyCount == 0)
    }

    @Test func aSocketCannotBeAddedTwice() throws {
        let peer = try Peer()
        let loop = try EventLoop()
        try loop.add(peer.socket, tag: 1)
        let error = #expect(throws: SocketError.self) { try loop.add(peer.socket, tag: 2) }
        #expect(error?.description == "cannot watch the UDP socket at \(peer.address): File exists")
    }

    @Test(arguments: [Duration.microseconds(300), .milliseconds(1), .milliseconds(30)])
    func theDeadlineEndsTheWaitAndNotBefore(delay: Duration) throws {
        var loop = try EventLoop()
        let start = MonotonicInstant.now()
        let deadline = start.advanced(by: delay)
        #expect(try loop.wait(until: deadline, now: start) == .init(readyCount: 0, wasWoken: false))
        #expect(MonotonicInstant.now() >= deadline)
    }

    @Test func aDeadlineThatHasPassedDoesNotWait() throws {
        var loop = try EventLoop()
        let now = MonotonicInstant.now()
        #expect(try loop.wait(until: MonotonicInstant(nanoseconds: 0), now: now).readyCount == 0)
        #expect(now.duration(to: .now()) < .seconds(5))
    }

    @Test func anotherThreadEndsAWaitWithoutDeadline() throws {
        var loop = try EventLoop()
        let waker = loop.waker
        try onThread {
            usleep(20_000)
            waker.wake()
        }
        #expect(try loop.wait(until: nil, now: .now()) == .init(readyCount: 0, wasWoken: true))
    }

    @Test func manyWakeUpsEndOneWait() throws {
        var loop = try EventLoop()
        for _ in 0..<1_000 { loop.waker.wake() }
        #expect(try loop.wait(until: .distantFuture, now: .now()).wasWoken)
        #expect(try !wait(&loop, atMost: .zero).wasWoken)
    }

    @Test func aWakeUpHidesNoSocket() throws {
        let peers = [try Peer(), try Peer(), try Peer()]
        var loop = try EventLoop()
        loop.waker.wake()
        for (index, peer) in peers.enumerated() {
            try loop.add(peer.socket, tag: UInt64(index))
            #expect(try peer.send([1], to: peer.address) == .drained)
        }
        let wakeup = try wait(&loop, atMost: Self.patience)
        #expect(wakeup == .init(readyCount: 3, wasWoken: true))
        #expect(Set((0..<3).map { loop.ready($0).tag }) == [0, 1, 2])
    }

    @Test func wakingALoopThatIsGoneIsHarmless() throws {
        let waker = try makeLoop().waker
        let others = try (0..<8).map { _ in try EventLoopBox() }
        for _ in 0..<100 { waker.wake() }
        for other in others { #expect(try !wait(&other.loop, atMost: .zero).wasWoken) }
    }

    private final class EventLoopBox {
        var loop: EventLoop
        init() throws { loop = try EventLoop() }
    }

    private func makeLoop() throws -> EventLoop { try EventLoop() }

    private func wait(_ loop: inout EventLoop, atMost timeout: Duration) throws -> EventLoop.Wakeup {
        let now = MonotonicInstant.now()
        return try loop.wait(until: now.advanced(by: timeout), now: now)
    }

    /// Runs `body` on a thread of its own: the threads of Swift's tasks may all be waiting in other tests.
    private func onThread(_ body: @escaping @Sendable () -> Void) throws {
        final class Box {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let box = unsafe Unmanaged.passRetained(Box(body)).toOpaque()
        let result = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                }
                return nil
            },
            box
        )
        try #require(result == 0)
        pthread_detach(thread)
    }
}
