import QUICEndpoint
import QUICTesting
import QUICTransport
import Synchronization
import Testing

@testable import QUICServer

/// Writes from threads other than a connection's, on real sockets.
@Suite struct WorkTests {
    /// References to whatever was opened, for the test's thread.
    private final class Opened: Sendable {
        let connections = Mutex<[ConnectionReference]>([])
        let streams = Mutex<[StreamReference]>([])
    }

    /// A service of one worker that shows what is opened, and counts what is said to it.
    private final class Shown: StreamService {
        let applicationProtocol = "echo"
        private let opened: Opened
        var said = 0

        init(_ opened: Opened) { self.opened = opened }

        func connectionDidOpen(_ connection: Connection) {
            opened.connections.withLock { $0.append(connection.reference) }
        }

        func streamDidOpen(_ stream: Stream) {
            opened.streams.withLock { $0.append(stream.reference) }
        }

        func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
            stream.extendCredit(bytes.byteCount)
        }
    }

    private let opened = Opened()

    private func server(workers: Int = 2) throws -> Server {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.workerCount = workers
        configuration.memoryBytesLimit = 1 << 30
        configuration.transport.staysOpen()
        let opened = opened
        return try Server(configuration: configuration) { _ in [Shown(opened)] }
    }

    @Test func whatAnotherThreadWritesReachesAnIdleMember() async throws {
        let server = try server()
        let client = try LoopbackClient(of: server.address, seed: 3)
        let members = try (0..<8).map { _ in try client.connect() }
        let streams = try members.map { try client.open([0], on: $0) }
        #expect(try client.serve { opened.streams.withLock { $0.count } == 8 })
        for (index, stream) in opened.streams.withLock({ $0 }).enumerated() {
            try stream.write([1, 2, UInt8(index)])
            try stream.write([3], isFinal: true)
        }
        #expect(
            try client.serve {
                zip(members, streams).allSatisfy { client.recorder.received(on: $0, $1.id).isComplete }
            }
        )
        let received = zip(members, streams).map { client.recorder.received(on: $0, $1.id).bytes }
        #expect(Set(received) == Set((0..<8).map { [1, 2, $0, 3] }))
        for connection in opened.connections.withLock({ $0 }) { try connection.close(code: 4, reasonPhrase: "done") }
        #expect(try client.serve { client.closes.count == 8 })
        let last = try await server.shutDown()
        #expect(last.hasReturned && last.work.posted == 24 && last.work.performed == 24 && last.work.refused == 0)
        #expect(last.endpoint.connections.closedByCause == ["local_close": 8])
    }

    /// The next connection in a slot is not the one that was meant.
    @Test func workForAConnectionThatHasEndedIsDropped() async throws {
        let server = try server(workers: 1)
        let client = try LoopbackClient(of: server.address, seed: 4)
        let first = try client.connect()
        _ = try client.open([0], on: first)
        #expect(try client.serve { opened.streams.withLock { $0.count } == 1 })
        let connection = try #require(opened.connections.withLock { $0.first })
        let stream = try #require(opened.streams.withLock { $0.first })
        let firstSlot = await server.connections()[0].map(\.handle.index)
        try client.close([first])
        // The slot is free when the record of the first connection is gone.
        while try await !server.statistics().hasReturned {}
        let second = try client.connect()
        let called = Mutex(0)
        for _ in 0..<10 {
            try connection.perform { _ in called.withLock { $0 += 1 } }
            try stream.perform { _ in called.withLock { $0 += 1 } }
            try connection.close()
        }
        _ = try client.open([0], on: second)
        #expect(try client.serve { opened.streams.withLock { $0.count } == 2 })
        #expect(await server.connections()[0].map(\.handle.index) == firstSlot)
        #expect(called.withLock { $0 } == 0 && second.state == .established)
        try client.close([second])
        #expect(try await server.shutDown().hasReturned)
        #expect(throws: WorkError.ended) { try connection.close() }
        #expect(throws: WorkError.ended) { try stream.write([1]) }
    }

    @Test func aWriteAfterTheLastOneHarmsNothing() async throws {
        let server = try server(workers: 1)
        let client = try LoopbackClient(of: server.address, seed: 6)
        let member = try client.connect()
        let sent = try client.open([0], on: member)
        #expect(try client.serve { opened.streams.withLock { $0.count } == 1 })
        let stream = try #require(opened.streams.withLock { $0.first })
        try stream.write([UInt8](repeating: 1, count: 10_000), isFinal: true)
        try stream.write([2])
        #expect(try client.serve { client.recorder.received(on: member, sent.id).isComplete })
        #expect(client.recorder.received(on: member, sent.id).bytes == [UInt8](repeating: 1, count: 10_000))
        try client.close([member])
        #expect(try await server.shutDown().hasReturned)
    }

    /// From two threads, to the members of all workers: more bytes than may wait if each counted.
    @Test func aBroadcastReachesTheMembersOfAllWorkers() async throws {
        let server = try server()
        let client = try LoopbackClient(of: server.address, seed: 7)
        let members = try (0..<40).map { _ in try client.connect() }
        let streams = try members.map { try client.open([0], on: $0) }
        #expect(try client.serve { opened.streams.withLock { $0.count } == 40 })
        let bytes = BroadcastBytes([UInt8](repeating: 5, count: 16_384))
        await withTaskGroup { group in
            for stream in opened.streams.withLock({ $0 }) {
                group.addTask { #expect(throws: Never.self) { try stream.write(bytes, isFinal: true) } }
            }
        }
        #expect(
            try client.serve {
                zip(members, streams).allSatisfy { client.recorder.received(on: $0, $1.id).isComplete }
            }
        )
        for (member, stream) in zip(members, streams) {
            #expect(client.recorder.received(on: member, stream.id).bytes == bytes.bytes)
        }
        // After the end of a half, and after that of the connection, it is dropped.
        for stream in opened.streams.withLock({ $0 }) { try stream.write(bytes) }
        try client.close(members)
        let last = try await server.shutDown()
        #expect(last.hasReturned && last.work.posted == 80 && last.work.refused == 0)
        #expect(throws: WorkError.ended) { try opened.streams.withLock { $0 }[0].write(bytes) }
    }

    /// A write that does not fit must not leave a gap.
    @Test func aStreamThatDoesNotTakeAWriteIsReset() async throws {
        let server = try server(workers: 1)
        let client = try LoopbackClient(of: server.address, seed: 5)
        let member = try client.connect()
        let sent = try client.open([0], on: member)
        #expect(try client.serve { opened.streams.withLock { $0.count } == 1 })
        let stream = try #require(opened.streams.withLock { $0.first })
        try stream.write([UInt8](repeating: 1, count: 900_000), resetCode: 77)
        try stream.write([2])
        #expect(try client.serve { client.recorder.received(on: member, sent.id).resetCode == 77 })
        #expect(client.recorder.received(on: member, sent.id).bytes.isEmpty)
        try client.close([member])
        #expect(try await server.shutDown().hasReturned)
    }

    @Test func eachWorkerHasServicesOfItsOwn() async throws {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.workerCount = 3
        configuration.memoryBytesLimit = 1 << 30
        let contexts = Mutex<[ServiceContext]>([])
        let server = try Server(configuration: configuration) { [opened] context in
            contexts.withLock { $0.append(context) }
            return [Shown(opened)]
        }
        let workers = contexts.withLock { $0.map(\.worker) }
        #expect(workers.map(\.index) == [0, 1, 2])
        #expect(contexts.withLock { $0.allSatisfy { $0.workers.map(\.index) == [0, 1, 2] } })
        let counts = await withCheckedContinuation { continuation in
            let counts = Mutex<[Int]>([])
            for worker in workers {
                for round in 1...10 {
                    try? worker.perform(on: Shown.self) { service in
                        service.said += 1
                        guard round == 10 else { return }
                        let all = counts.withLock { counts in
                            counts.append(service.said)
                            return counts
                        }
                        if all.count == workers.count { continuation.resume(returning: all) }
                    }
                }
            }
        }
        #expect(counts == [10, 10, 10])
        #expect(try await server.shutDown().hasReturned)
    }

    @Test func workersMustHaveTheSameProtocols() {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.workerCount = 2
        configuration.memoryBytesLimit = 1 << 30
        let error = #expect(throws: ServerError.self) {
            _ = try Server(configuration: configuration) { [opened] context in
                context.worker.index == 0 ? [Shown(opened)] : []
            }
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains("worker 1 has other application protocols"))
    }
}
