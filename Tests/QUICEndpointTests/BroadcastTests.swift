import BoundedMemory
import Datagrams
import Foundation
import PacketWriter
import QUICEndpoint
import QUICTesting
import Testing

@testable import QUICTransport

/// The same bytes for many streams: they exist once, and each connection is held to its limit as with copies.
@Suite struct BroadcastTests {
    private typealias Stream = QUICTransport.Stream

    /// A service that keeps the streams of its members.
    private final class Members: StreamService {
        let applicationProtocol = "echo"
        var streams: [Stream] = []

        func streamDidOpen(_ stream: Stream) { streams.append(stream) }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            stream.extendCredit(bytes.byteCount)
        }

        func streamDidClose(_ stream: Stream) { streams.removeAll { $0 === stream } }
    }

    private let members = Members()
    private static let byteCount = 16 << 10

    /// A server with `count` members, each a connection with a stream.
    private func pair(_ seed: UInt64, members count: Int, conditions: SimulatedNetwork.Conditions = .init()) throws -> (
        pair: Pair, connections: [(Connection, StreamID)]
    ) {
        var configuration = EndpointConfiguration()
        configuration.transport.staysOpen()
        var clientConfiguration = EchoTests.generousClient
        clientConfiguration.transport.staysOpen()
        let pair = try Pair(
            seed: seed,
            services: [members],
            configuration: configuration,
            clientConfiguration: clientConfiguration,
            conditions: conditions
        )
        var connections: [(Connection, StreamID)] = []
        for number in 0..<count {
            let connection = try #require(try pair.connectAndEstablish())
            connections.append((connection, try pair.send([1], on: connection, isFinal: false)))
            pair.run(for: .seconds(1)) { members.streams.count == number + 1 }
        }
        try #require(members.streams.count == count)
        pair.run(for: .seconds(2))
        return (pair, connections)
    }

    private func rings(_ pair: Pair) -> MemoryUsage { pair.server.ledger.usage(of: .rings) }

    /// The processor time of this thread, in microseconds.
    private var processorTime: Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
    }

    /// The figures for 1,000 members come with `BROADCAST_MEMBERS=1000`.
    @Test(arguments: [true, false])
    func bytesForAllExistOnce(areShared: Bool) throws {
        let asked = ProcessInfo.processInfo.environment["BROADCAST_MEMBERS"].flatMap(Int.init)
        let count = asked ?? 50
        let (pair, connections) = try pair(1, members: count)
        let bytes = message(of: Self.byteCount, seed: 1)
        #expect(rings(pair).isEmpty || rings(pair).liveBytes == 0)
        let start = processorTime
        var shared = areShared ? try members.streams[0].connection.share(bytes) : nil
        for stream in members.streams {
            if let shared { try stream.write(shared) } else { try stream.write(bytes) }
        }
        shared = nil
        let written = processorTime
        let held = rings(pair).liveBytes
        #expect(pair.server.accountsAddUp)
        if areShared {
            #expect(held >= Self.byteCount && held <= Self.byteCount + 128 + 64 * count, "\(held)")
            let accounts = members.streams.map(\.connection.account)
            #expect(accounts.allSatisfy { $0.sharedBytes >= Self.byteCount && $0.liveBytes(of: .rings) <= 64 })
        } else {
            #expect(held >= Self.byteCount * count)
        }
        pair.run(for: .seconds(5)) { members.streams.allSatisfy { $0.unacknowledgedBytes == 0 } }
        for (connection, stream) in connections {
            try #require(pair.recorder.received(on: connection, stream).bytes == bytes)
        }
        let done = processorTime
        if asked != nil {
            print(
                "broadcast of \(Self.byteCount) bytes to \(count) streams, \(areShared ? "shared" : "copied"): ",
                "\(held) bytes in queues, \(written - start) µs to write, \(done - written) µs until acknowledged"
            )
        }
        // Acknowledged by all, they are gone.
        #expect(rings(pair).liveBytes == 0 && pair.server.ledger.sharedBytes == 0)
        #expect(pair.server.accountsAddUp)
        for (connection, _) in connections {
            pair.client.close(connection, at: pair.now)
            pair.run(for: .milliseconds(1))
        }
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    /// Lost packets are sent again from the shared bytes, of copied and shared ones in turn.
    @Test func whatIsLostIsSentAgain() throws {
        let conditions = SimulatedNetwork.Conditions(jitter: .milliseconds(3), loss: 0.1, duplication: 0.05)
        let (pair, connections) = try pair(2, members: 5, conditions: conditions)
        var sent: [UInt8] = []
        for round in UInt64(0)..<20 {
            let body = message(of: Int(round) * 400, seed: round)
            let shared = try members.streams[0].connection.share(body)
            for stream in members.streams {
                try stream.write([UInt8](repeating: 9, count: 3))
                try stream.write(shared)
            }
            sent += [9, 9, 9] + body
            pair.run(for: .milliseconds(200))
            #expect(pair.server.accountsAddUp)
        }
        pair.run(for: .seconds(30)) { members.streams.allSatisfy { $0.unacknowledgedBytes == 0 } }
        for (connection, stream) in connections {
            #expect(pair.recorder.received(on: connection, stream).bytes == sent)
        }
        #expect(pair.server.ledger.sharedBytes == 0)
    }

    /// A member that acknowledges nothing takes as many shared bytes as it would take copies, and no more; others go on.
    @Test(arguments: [true, false])
    func aMemberThatDoesNotReadIsHeldToItsLimit(areShared: Bool) throws {
        let (pair, connections) = try pair(3, members: 1)
        let hostile = try #require(try HostileClient(pair: pair))
        hostile.send(Frame.stream(0, [1]))
        let stream = try #require(members.streams.last)
        try #require(members.streams.count == 2)
        let account = stream.connection.account
        var (taken, total) = (0, 0)
        for round in UInt64(0)..<200 {
            let bytes = message(of: 4_096, seed: round)
            let shared = try stream.connection.share(bytes)
            total += bytes.count
            do throws(StreamError) {
                if areShared { try stream.write(shared) } else { try stream.write(bytes) }
                taken += bytes.count
            } catch {
                #expect(error == .full)
            }
            try members.streams[0].write(shared)
            pair.run(for: .milliseconds(100))
            #expect(account.limitedBytes <= account.bytesLimit)
            #expect(pair.server.accountsAddUp)
        }
        // Two congestion windows, which do not grow: the same either way.
        #expect((16_384...65_536).contains(taken), "\(taken)")
        #expect(stream.writableBytes < 4_096)
        #expect(account.queuedBytes >= taken && account.queuedBytes <= taken + taken / 8 + 512)
        #expect((account.sharedBytes > 0) == areShared)
        let (connection, id) = connections[0]
        #expect(pair.recorder.received(on: connection, id).bytes.count == total)
        // With the end of the connection its references end.
        stream.connection.close(code: 0, reasonPhrase: "")
        pair.run(for: .seconds(10))
        #expect(rings(pair).liveBytes == 0 && pair.server.ledger.sharedBytes == 0)
    }

    /// Where the limit of a connection is reached, it takes no reference, and nothing else changes.
    @Test func noReferenceIsTakenBeyondTheLimit() throws {
        let (pair, _) = try pair(4, members: 2)
        let (limited, other) = (members.streams[0], members.streams[1])
        let shared = try limited.connection.share([UInt8](repeating: 5, count: 8_192))
        let account = limited.connection.account
        let before = rings(pair).liveBytes
        account.bytesLimit = account.limitedBytes + 4_096
        var queue = ByteQueue(capacityLimitBytes: 1 << 20, account: account)
        #expect(throws: ByteQueueError.outOfMemory) { try queue.append(shared) }
        #expect(account.sharedBytes == 0 && rings(pair).liveBytes == before)
        try other.write(shared)
        #expect(pair.server.accountsAddUp)
        pair.run(for: .seconds(1))
    }

    /// However a stream ends, it gives its references up at once.
    @Test(arguments: ["reset", "stop", "close"])
    func aStreamThatEndsGivesItsReferencesUp(how: String) throws {
        let (pair, _) = try pair(5, members: 2)
        let hostile = try #require(try HostileClient(pair: pair))
        hostile.send(Frame.stream(0, [1]))
        let stream = try #require(members.streams.last)
        let shared = try stream.connection.share([UInt8](repeating: 5, count: 16_384))
        try stream.write(shared)
        pair.run(for: .milliseconds(20))
        #expect(stream.connection.account.sharedBytes > 16_384)
        switch how {
        case "reset":
            stream.reset(code: 1)
        case "stop":
            hostile.send(Frame.stopSending(0, code: 0))
        default:
            stream.connection.close(code: 0, reasonPhrase: "")
            pair.run(for: .milliseconds(10))
        }
        #expect(stream.connection.account.sharedBytes == 0)
        #expect(pair.server.accountsAddUp)
        // The test itself has them still.
        #expect(pair.server.ledger.sharedBytes > 16_384)
        withExtendedLifetime(shared) {}
    }

    /// Bytes of another ledger, which may belong to another thread, are never referred to.
    @Test func bytesOfAnotherWorkerAreCopied() throws {
        let (pair, connections) = try pair(6, members: 1)
        let (connection, id) = connections[0]
        do {
            let foreign = try connection.share([UInt8](repeating: 6, count: 5_000))
            #expect(pair.client.ledger.sharedBytes > 5_000 && pair.server.ledger.sharedBytes == 0)
            try members.streams[0].write(foreign)
        }
        #expect(pair.client.ledger.sharedBytes == 0 && pair.server.ledger.sharedBytes == 0)
        #expect(rings(pair).liveBytes > 5_000)
        pair.run(for: .seconds(1))
        #expect(pair.recorder.received(on: connection, id).bytes == [UInt8](repeating: 6, count: 5_000))
    }

    /// A process without memory for the bytes refuses them before any queue has them.
    @Test func bytesThatHaveNoMemoryAreRefused() throws {
        let (pair, _) = try pair(7, members: 1)
        let stream = members.streams[0]
        pair.server.ledger.failAllocation = .once(at: 1)
        #expect(throws: StreamError.outOfMemory) { try stream.connection.share([UInt8](repeating: 1, count: 100)) }
        #expect(pair.server.ledger.sharedBytes == 0)
        try stream.write(try stream.connection.share([]))
        stream.finish()
        #expect(throws: StreamError.finished) { try stream.write(try stream.connection.share([1])) }
        #expect(pair.server.accountsAddUp)
    }
}

// MARK: - From any thread

extension BroadcastTests {
    /// Bytes that any thread may send: a worker has one copy of them, which its streams share.
    @Test func bytesFromAnyThreadExistOnce() throws {
        let count = 20
        let (pair, connections) = try pair(7, members: count)
        let broadcast = BroadcastBytes(message(of: Self.byteCount, seed: 7))
        for _ in 0..<2 {
            for stream in members.streams { try stream.write(broadcast) }
            let held = rings(pair).liveBytes
            #expect(held >= Self.byteCount && held <= Self.byteCount + 128 + 64 * count, "\(held)")
            #expect(pair.server.ledger.sharedBytes >= Self.byteCount && pair.server.accountsAddUp)
            pair.run(for: .seconds(5)) { members.streams.allSatisfy { $0.unacknowledgedBytes == 0 } }
            #expect(rings(pair).liveBytes == 0 && pair.server.ledger.sharedBytes == 0 && pair.server.accountsAddUp)
        }
        for (connection, stream) in connections {
            try #require(pair.recorder.received(on: connection, stream).bytes == broadcast.bytes + broadcast.bytes)
        }
        // A stream that takes nothing makes no copy.
        members.streams[0].finish()
        #expect(throws: StreamError.finished) { try members.streams[0].write(broadcast) }
        #expect(rings(pair).liveBytes == 0 && pair.server.ledger.sharedBytes == 0)
        for (connection, _) in connections { pair.client.close(connection, at: pair.now) }
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }
}
