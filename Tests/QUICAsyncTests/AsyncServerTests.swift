import Datagrams
import Foundation
import QUICAsync
import QUICEndpoint
import QUICServer
import QUICTesting
import QUICTransport
import Testing

/// Servers written with tasks, on real sockets.
@Suite struct AsyncServerTests {
    private func server(workers: Int = 2, change: (inout ServerConfiguration) -> Void = { _ in }) throws -> AsyncServer
    {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.workerCount = workers
        configuration.memoryBytesLimit = 1 << 30
        configuration.transport.staysOpen()
        change(&configuration)
        return try AsyncServer(configuration: configuration, applicationProtocols: ["echo"])
    }

    /// Serves with `handler` while `body` runs.
    private func serving(
        _ server: AsyncServer,
        _ handler: @escaping @Sendable (ByteStream) async -> Void,
        _ body: @escaping @Sendable (LoopbackClient) throws -> Void
    ) async throws -> ServerStatistics {
        // The threads that all tasks share may be busy with other tests for a minute.
        let serving = Task(executorPreference: server.workers[0].taskExecutor) {
            await server.run { connection in
                await withDiscardingTaskGroup { group in
                    for await stream in connection.streams { group.addTask { await handler(stream) } }
                }
            }
        }
        let outcome = await onThread { try body(LoopbackClient(of: server.address, seed: 1)) }
        let last = try await server.shutDown()
        await serving.value
        try outcome.get()
        return last
    }

    /// Calls `body` on a thread of its own: a client that waits for its socket would block those that tasks run on.
    private func onThread(_ body: @escaping @Sendable () throws -> Void) async -> Result<Void, any Error> {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: Result(catching: body)) }
        }
    }

    @Sendable private static func echo(_ stream: ByteStream) async {
        do {
            for try await chunk in stream { try await stream.write(chunk) }
            stream.finish()
        } catch {}
    }

    @Test(arguments: [1, 2])
    func everythingComesBack(workers: Int) async throws {
        let last = try await serving(try server(workers: workers), Self.echo) { client in
            let connections = try (0..<10).map { _ in try client.connect() }
            for count in [0, 1, 1_000, 20_000] {
                try #require(try client.echo([UInt8](repeating: 7, count: count), on: connections))
            }
            try client.close(connections)
        }
        #expect(last.hasReturned && last.endpoint.connections.created == 10)
    }

    /// A task answers datagrams before what came of them is sent, so that the answer and the acknowledgement are one datagram.
    /// RFC 9000 §13.2.1: an endpoint that has something to send may bundle an ACK frame with it.
    @Test func anEchoIsOneDatagram() async throws {
        let echoes = 200
        let last = try await serving(try server(workers: 1), Self.echo) { client in
            let connection = try client.connect()
            for _ in 0..<echoes { try #require(try client.echo([1, 2, 3], on: [connection])) }
            try client.close([connection])
        }
        // Two each without.
        #expect((echoes..<echoes * 3 / 2).contains(last.endpoint.transmitted.datagrams))
    }

    /// A handler that waits for nothing else learns of a drain, and ends its own streams.
    @Test func handlersLearnOfADrain() async throws {
        let server = try server()
        let serving = Task(executorPreference: server.workers[0].taskExecutor) {
            await server.run { connection in
                for await stream in connection.streams {
                    await connection.waitUntilShouldFinish()
                    try? await stream.write("bye")
                    stream.finish()
                }
            }
        }
        let draining = Shared<Task<ServerStatistics, any Error>?>(nil)
        let outcome = await onThread {
            let client = try LoopbackClient(of: server.address, seed: 3)
            let connection = try client.connect()
            let stream = try client.open([1], on: connection)
            stream.finish()
            try client.serve()
            let executor = server.workers[0].taskExecutor
            draining.withLock {
                $0 = Task(executorPreference: executor) { try await server.drain(within: .seconds(3_600)) }
            }
            try #require(try client.serve { client.closes.count == 1 })
            #expect(client.recorder.received(on: connection, stream.id).bytes == Array("bye".utf8))
        }
        try outcome.get()
        let last = try await server.waitUntilStopped()
        #expect(last.hasReturned && last.endpoint.connections.closedByCause == ["drained": 1])
        _ = try await draining.withLock { $0 }?.value
        await serving.value
    }

    /// As a control stream does, which lasts as long as its connection.
    @Test(arguments: [true, false])
    func aStreamThatHoldsNothingUpDoesNotDelayADrain(fromTheWorker: Bool) async throws {
        let server = try server()
        let serving = Task(executorPreference: server.workers[0].taskExecutor) {
            await server.run { connection in
                for await stream in connection.streams {
                    #expect(stream.holdsUpDrain)
                    if fromTheWorker {
                        stream.holdsUpDrain = false
                    } else {
                        let other = server.workers.first { !$0.isCurrent }
                        await Task(executorPreference: other?.taskExecutor) { stream.holdsUpDrain = false }.value
                    }
                    #expect(!stream.holdsUpDrain)
                    try? await stream.write("here")
                }
            }
        }
        let draining = Shared<Task<ServerStatistics, any Error>?>(nil)
        let outcome = await onThread {
            let client = try LoopbackClient(of: server.address, seed: 5)
            let connection = try client.connect()
            let stream = try client.open([1], on: connection)
            try #require(try client.serve { !client.recorder.received(on: connection, stream.id).bytes.isEmpty })
            let executor = server.workers[0].taskExecutor
            draining.withLock {
                $0 = Task(executorPreference: executor) { try await server.drain(within: .seconds(3_600)) }
            }
            try #require(try client.serve { client.closes.count == 1 })
        }
        try outcome.get()
        let last = try await server.waitUntilStopped()
        #expect(last.hasReturned && last.endpoint.connections.closedByCause == ["drained": 1])
        _ = try await draining.withLock { $0 }?.value
        await serving.value
    }

    @Test func connectionsAreRefusedByTheirAddressAndName() async throws {
        let asked = Shared<[String]>([])
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.memoryBytesLimit = 1 << 30
        let server = try AsyncServer(configuration: configuration, applicationProtocols: ["echo"]) { connection in
            asked.withLock { $0.append("\(connection.applicationProtocol ?? "") \(connection.serverName ?? "")") }
            return .refuse(code: 9, reasonPhrase: "not here")
        }
        let outcome = await onThread {
            let client = try LoopbackClient(of: server.address, seed: 4)
            _ = try client.connect()
            try #require(try client.serve { client.closes.count == 1 })
        }
        try outcome.get()
        #expect(asked.withLock { $0 } == ["echo localhost"])
        let stopped = Task { try await server.waitUntilStopped() }
        let last = try await server.shutDown()
        #expect(last.endpoint.connections.closedByCause == ["local_close": 1])
        #expect(try await stopped.value.hasReturned)
        // Nobody was shown it, and no other follows.
        let connections = server.connections.makeAsyncIterator()
        let next = await connections.next()
        #expect(next == nil)
    }

    /// A write of more than any window suspends until the client has read enough.
    @Test func aLongWriteWaitsForItsReader() async throws {
        let message = [UInt8](repeating: 3, count: 5_000_000)
        let last = try await serving(
            try server(),
            { stream in
                try? await stream.write(message)
                stream.finish()
            },
            { client in
                let connection = try client.connect()
                let sent = try client.open([1], on: connection)
                try #require(try client.serve { client.recorder.received(on: connection, sent.id).isComplete })
                try #require(client.recorder.received(on: connection, sent.id).bytes == message)
                try client.close([connection])
            }
        )
        #expect(last.hasReturned)
    }

    @Test func aConsumerThatNeverReadsHoldsNoMoreThanItsWindow() async throws {
        let held = Shared<[ByteStream]>([])
        let server = try server {
            $0.transport.streamWindow = WindowRange(initialBytes: 64 << 10, maximumBytes: 64 << 10)
        }
        let last = try await serving(server, { stream in held.withLock { $0.append(stream) } }) { client in
            let connection = try client.connect()
            let sent = try client.open([], on: connection)
            var written = 0
            while written < 64 << 10 {
                let count = min(sent.writableBytes, 1_000, (64 << 10) - written)
                try sent.write([UInt8](repeating: 1, count: count))
                written += count
                try client.serve()
            }
            // All of the window arrives, and not a byte more: the stream's queue fills.
            let end = ContinuousClock.now.advanced(by: .seconds(2))
            while sent.unacknowledgedBytes > 0, ContinuousClock.now < end { try client.serve() }
            try #require(sent.unacknowledgedBytes == 0)
            try sent.write([2])
            while ContinuousClock.now < end { try client.serve() }
            try #require(sent.unacknowledgedBytes == 1)
            // It is taken as soon as the consumer reads.
            try #require(try client.serve { !held.withLock { $0.isEmpty } })
            let stream = try #require(held.withLock { $0.first })
            let found = Shared<[UInt8]>([])
            Task(executorPreference: stream.worker.taskExecutor) {
                let chunk = try await stream.first { $0.last == 2 }
                found.withLock { $0 = chunk ?? [] }
            }
            try #require(try client.serve { sent.unacknowledgedBytes == 0 && found.withLock { $0.last } == 2 })
            try client.close([connection])
        }
        #expect(last.hasReturned)
    }

    /// Each chunk that waits takes an array.
    @Test func manySmallPiecesWaitInFewChunks() async throws {
        let held = Shared<[ByteStream]>([])
        let counts = Shared<[Int]>([])
        let last = try await serving(try server(), { stream in held.withLock { $0.append(stream) } }) { client in
            let connection = try client.connect()
            let sent = try client.open([1], on: connection)
            for number in 0..<3_000 {
                try sent.write([UInt8(truncatingIfNeeded: number)])
                try client.serve()
            }
            sent.finish()
            try #require(try client.serve { sent.unacknowledgedBytes == 0 && held.withLock { $0.count } == 1 })
            let stream = try #require(held.withLock { $0.first })
            Task(executorPreference: stream.worker.taskExecutor) {
                for try await chunk in stream { counts.withLock { $0.append(chunk.count) } }
                stream.finish()
            }
            try #require(try client.serve { sent.isClosed })
            try client.close([connection])
        }
        #expect(counts.withLock { $0.reduce(0, +) } == 3_001 && counts.withLock { $0.count } <= 2)
        #expect(last.hasReturned)
    }

    @Test func tenThousandTasksThatAreCancelledResetTheirStreams() async throws {
        let tasks = Shared<[Task<Void, Never>]>([])
        let outcomes = Shared<[String]>([])
        let last = try await serving(
            try server { $0.transport.peerBidirectionalStreams = 200 },
            { stream in
                let task = Task(executorPreference: stream.worker.taskExecutor) {
                    do {
                        for try await _ in stream {}
                    } catch {
                        outcomes.withLock { $0.append("\(error)") }
                    }
                }
                tasks.withLock { $0.append(task) }
            },
            { client in
                let connections = try (0..<50).map { _ in try client.connect() }
                var sent: [(Connection, QUICTransport.Stream)] = []
                for round in 1...200 {
                    for connection in connections { sent.append((connection, try client.open([1], on: connection))) }
                    try #require(try client.serve { tasks.withLock { $0.count } == 50 * round })
                }
                for task in tasks.withLock({ $0 }) { task.cancel() }
                try #require(try client.serve { sent.allSatisfy { $0.1.isClosed } })
                #expect(
                    sent.allSatisfy {
                        client.recorder.received(on: $0.0, $0.1.id).resetCode == ByteStream.cancelledCode
                    }
                )
                try client.close(connections)
            }
        )
        for task in tasks.withLock({ $0 }) { await task.value }
        #expect(outcomes.withLock { $0 } == [String](repeating: "CancellationError()", count: 10_000))
        #expect(last.hasReturned)
    }

    @Test func aResetOfThePeersEndsReadingAndWriting() async throws {
        let outcomes = Shared<[String]>([])
        let started = Shared<[Int64]>([])
        let last = try await serving(
            try server(),
            { stream in
                started.withLock { $0.append(stream.id.rawValue) }
                do {
                    for try await _ in stream {}
                } catch {
                    outcomes.withLock { $0.append("read \(error)") }
                }
                do {
                    try await stream.write([1])
                } catch {
                    outcomes.withLock { $0.append("write \(error)") }
                }
            },
            { client in
                let connection = try client.connect()
                let sent = try client.open([1], on: connection)
                // One that is over before anybody took it is not shown.
                try #require(try client.serve { !started.withLock { $0.isEmpty } })
                sent.reset(code: 9)
                try #require(try client.serve { outcomes.withLock { $0.count } == 2 })
                try client.close([connection])
            }
        )
        #expect(outcomes.withLock { $0 } == ["read reset(code: 9)", "write reset(code: 9)"])
        #expect(last.hasReturned)
    }

    /// Misuse is an error.
    @Test func twoTasksThatReadOrWriteAtOnceAreTold() async throws {
        let outcomes = Shared<[String]>([])
        let last = try await serving(
            try server(),
            { stream in
                await withDiscardingTaskGroup { group in
                    for _ in 0..<2 {
                        group.addTask {
                            do {
                                for try await _ in stream {}
                                try await stream.write([UInt8](repeating: 1, count: 3_000_000))
                                outcomes.withLock { $0.append("written") }
                            } catch {
                                outcomes.withLock { $0.append("\(error)") }
                            }
                        }
                    }
                }
                stream.finish()
            },
            { client in
                let connection = try client.connect()
                let sent = try client.open([], on: connection)
                try sent.write([1])
                try #require(try client.serve { outcomes.withLock { $0.count } == 1 })
                sent.finish()
                try #require(try client.serve { client.recorder.received(on: connection, sent.id).isComplete })
                try client.close([connection])
            }
        )
        #expect(outcomes.withLock { $0 } == ["readInProgress", "written"])
        #expect(last.hasReturned)
    }

    /// Tasks do not wait for ever for a server that goes away.
    @Test func aShutdownEndsEverything() async throws {
        let outcomes = Shared<[String]>([])
        let last = try await serving(
            try server(),
            { stream in
                do {
                    for try await _ in stream {}
                    outcomes.withLock { $0.append("end") }
                } catch {
                    outcomes.withLock { $0.append("\(error)") }
                }
            },
            { client in
                for _ in 0..<5 { _ = try client.open([1], on: try client.connect()) }
                let end = ContinuousClock.now.advanced(by: .milliseconds(200))
                while ContinuousClock.now < end { try client.serve() }
            }
        )
        #expect(outcomes.withLock { $0 } == [String](repeating: "connectionEnded", count: 5))
        #expect(last.hasReturned)
    }

    @Test func handlersRunOnTheThreadOfTheirWorker() async throws {
        let places = Shared<[Bool]>([])
        let server = try server()
        // The threads that all tasks share may be busy with other tests for a minute.
        let serving = Task(executorPreference: server.workers[0].taskExecutor) {
            await server.run { connection in
                places.withLock { $0.append(connection.worker.isCurrent) }
                for await stream in connection.streams {
                    places.withLock { $0.append(connection.worker.isCurrent) }
                    await Self.echo(stream)
                    places.withLock { $0.append(connection.worker.isCurrent) }
                }
            }
        }
        let outcome = await onThread {
            let client = try LoopbackClient(of: server.address, seed: 8)
            let connection = try client.connect()
            try #require(try client.echo([1, 2, 3], on: [connection]))
            try client.close([connection])
        }
        try outcome.get()
        #expect(try await server.shutDown().hasReturned)
        await serving.value
        #expect(places.withLock { $0 } == [true, true, true])
    }
}

// MARK: - Broadcasts and the order of streams

extension AsyncServerTests {
    /// By tasks of one worker, to streams of both; the longest in pieces.
    @Test(arguments: [0, 40, 16_384, 3_000_000])
    func aBroadcastGoesToManyStreams(byteCount: Int) async throws {
        let opened = Shared<[ByteStream]>([])
        let bytes = BroadcastBytes((0..<byteCount).map { UInt8(truncatingIfNeeded: $0 % 251) })
        let server = try server()
        // The threads that all tasks share may be busy with other tests.
        let executor = server.workers[0].taskExecutor
        let last = try await serving(
            server,
            { stream in
                let streams = opened.withLock { opened in
                    opened.append(stream)
                    return opened
                }
                guard streams.count == 8 else { return }
                await Task.detached(executorPreference: executor) {
                    await withDiscardingTaskGroup { group in
                        for stream in streams {
                            group.addTask {
                                for _ in 0..<2 { try? await stream.write(bytes) }
                                stream.finish()
                            }
                        }
                    }
                }.value
            },
            { client in
                let connections = try (0..<8).map { _ in try client.connect() }
                let streams = try connections.map { try client.open([0], on: $0) }
                func received(_ index: Int) -> RecordingClient.Received {
                    client.recorder.received(on: connections[index], streams[index].id)
                }
                try #require(try client.serve { connections.indices.allSatisfy { received($0).isComplete } })
                for index in connections.indices {
                    let isRight = received(index).bytes == bytes.bytes + bytes.bytes
                    #expect(isRight)
                }
                try client.close(connections)
            }
        )
        #expect(last.hasReturned)
    }

    // RFC 9000 §3.2: "Before a stream is created, all streams of the same type with lower-numbered stream IDs MUST be created. This
    // ensures that the creation order for streams is consistent on both endpoints."
    @Test func streamsComeInTheOrderInWhichTheyWereOpened() async throws {
        let order = Shared<[Int64]>([])
        let server = try server { $0.transport.peerUnidirectionalStreams = 4 }
        let serving = Task(executorPreference: server.workers[0].taskExecutor) {
            await server.run { connection in
                await withDiscardingTaskGroup { group in
                    for await stream in connection.streams {
                        order.withLock { $0.append(stream.id.rawValue) }
                        guard stream.id.isBidirectional else { continue }
                        group.addTask {
                            // It waits until something of the stream has arrived.
                            try? await stream.write([UInt8(stream.id.rawValue)])
                            await Self.echo(stream)
                        }
                    }
                }
            }
        }
        let outcome = await onThread {
            let client = try LoopbackClient(of: server.address, seed: 9)
            let connection = try client.connect()
            let streams = try (0..<4).map { _ in try connection.openStream() }
            // The last is never used.
            for index in [2, 1, 0] {
                try streams[index].write([100])
                streams[index].finish()
                let isEchoed = try client.serve {
                    client.recorder.received(on: connection, streams[index].id).isComplete
                }
                try #require(isEchoed)
                let answer = client.recorder.received(on: connection, streams[index].id).bytes
                #expect(answer == [UInt8(index * 4), 100])
                #expect(order.withLock { $0 } == [0, 4, 8])
            }
            let others = try (0..<2).map { _ in try connection.openStream(.unidirectional) }
            for index in [1, 0] {
                try others[index].write([1])
                #expect(try client.serve { order.withLock { $0.count } == 5 })
            }
            #expect(order.withLock { $0 } == [0, 4, 8, 2, 6])
            try client.close([connection])
        }
        #expect(try await server.shutDown().hasReturned)
        await serving.value
        try outcome.get()
    }

    /// A stream of which nothing arrives ends with its connection, and so do those who read it and write to it.
    @Test func aStreamOfWhichNothingArrivesEndsWithItsConnection() async throws {
        let ends = Shared<[String]>([])
        let begun = Shared(0)
        let server = try server()
        let serving = Task(executorPreference: server.workers[0].taskExecutor) {
            await server.run { connection in
                await withDiscardingTaskGroup { group in
                    for await stream in connection.streams {
                        let id = stream.id
                        begun.withLock { $0 += 1 }
                        group.addTask {
                            do { for try await _ in stream {} } catch {
                                ends.withLock { $0.append("\(id) reads: \(error)") }
                            }
                        }
                        guard id == StreamID(0) else { continue }
                        group.addTask {
                            do { try await stream.write([1]) } catch {
                                ends.withLock { $0.append("\(id) writes: \(error)") }
                            }
                        }
                    }
                }
            }
        }
        let outcome = await onThread {
            let client = try LoopbackClient(of: server.address, seed: 10)
            let connection = try client.connect()
            let streams = try (0..<2).map { _ in try connection.openStream() }
            try streams[1].write([1])
            streams[1].finish()
            #expect(try client.serve { begun.withLock { $0 } == 2 })
            try client.close([connection])
        }
        #expect(try await server.shutDown().hasReturned)
        await serving.value
        try outcome.get()
        #expect(ends.withLock { Set($0) } == ["0 reads: connectionEnded", "0 writes: connectionEnded"])
    }
}
