import Datagrams
import Foundation
import QUICAsync
import QUICEndpoint
import QUICServer
import QUICTesting
import QUICTransport
import Synchronization
import Testing

/// Datagrams of servers written with tasks, on real sockets.
@Suite struct AsyncDatagramTests {
    private func server(datagramFrameBytesLimit: Int = 65_535) throws -> AsyncServer {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.workerCount = 2
        configuration.memoryBytesLimit = 1 << 30
        configuration.transport.staysOpen()
        configuration.transport.datagramFrameBytesLimit = datagramFrameBytesLimit
        return try AsyncServer(configuration: configuration, applicationProtocols: ["echo"])
    }

    /// Serves with `handler` while `body` runs on a thread of its own.
    private func serving(
        _ server: AsyncServer,
        _ handler: @escaping @Sendable (QUICConnection) async -> Void,
        _ body: @escaping @Sendable (LoopbackClient) throws -> Void
    ) async throws -> ServerStatistics {
        let serving = Task(executorPreference: server.workers[0].taskExecutor) { await server.run(handler) }
        let outcome: Result<Void, any Error> = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    returning: Result { try body(LoopbackClient(of: server.address, seed: 1, takesDatagrams: true)) }
                )
            }
        }
        let last = try await server.shutDown()
        await serving.value
        try outcome.get()
        return last
    }

    /// Once from the worker's thread and once from that of another worker: those that all tasks share may be busy for minutes.
    @Test(arguments: [true, false])
    func datagramsComeBack(onWorker: Bool) async throws {
        let server = try server()
        let last = try await serving(
            server,
            { connection in
                let other = server.workers.first { !$0.isCurrent } ?? connection.worker
                for await datagram in connection.datagrams {
                    if onWorker {
                        try? await connection.send(datagram: datagram)
                    } else {
                        await Task(executorPreference: other.taskExecutor) {
                            try? await connection.send(datagram: datagram)
                        }.value
                    }
                }
            },
            { client in
                let connection = try client.connect()
                for count in [0, 1, 1_000] {
                    let datagram = [UInt8](repeating: UInt8(count & 255), count: count)
                    // The kernel may lose one; another follows.
                    try #require(
                        try client.serve {
                            if client.recorder.datagrams(on: connection).last == datagram { return true }
                            try? connection.sendDatagram(datagram)
                            return false
                        }
                    )
                }
                try client.close([connection])
            }
        )
        #expect(last.hasReturned && last.endpoint.datagramFrames.received >= 3)
    }

    @Test func datagramsThatNobodyTakesAreBounded() async throws {
        let taken = Mutex<[[UInt8]]>([])
        let mayTake = Mutex(false)
        let last = try await serving(
            try server(),
            { connection in
                while !mayTake.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(5)) }
                for await datagram in connection.datagrams { taken.withLock { $0.append(datagram) } }
            },
            { client in
                let connection = try client.connect()
                var number = 0
                // One at a time, so that none is displaced at the client.
                while number < 200 {
                    if connection.datagramFrameCounts.sent == number {
                        try connection.sendDatagram([UInt8(number)])
                        number += 1
                    }
                    try client.serve()
                }
                let stream = try client.open([], on: connection)
                try stream.write([1])
                try #require(try client.serve { stream.unacknowledgedBytes == 0 })
                mayTake.withLock { $0 = true }
                try #require(try client.serve { taken.withLock { $0.count } >= 64 })
                try client.close([connection])
            }
        )
        let datagrams = taken.withLock { $0 }
        #expect(datagrams.count == 64, "the newest 64 wait")
        #expect(datagrams.map { $0[0] } == datagrams.map { $0[0] }.sorted())
        #expect(last.hasReturned)
    }

    @Test func aServerThatTakesNoneHasNone() async throws {
        let ended = Mutex(false)
        let last = try await serving(
            try server(datagramFrameBytesLimit: 0),
            { connection in
                for await _ in connection.datagrams { Issue.record("no datagram can come") }
                ended.withLock { $0 = true }
                // The client takes some all the same.
                try? await connection.send(datagram: [1, 2])
                for await _ in connection.streams {}
            },
            { client in
                let connection = try client.connect()
                #expect(connection.maximumDatagramBytes == nil)
                try #require(try client.serve { client.recorder.datagrams(on: connection) == [[1, 2]] })
                try client.close([connection])
            }
        )
        #expect(ended.withLock { $0 } && last.hasReturned)
    }

    @Test func anErrorSaysWhyNothingIsSent() async throws {
        let errors = Mutex<[DatagramError]>([])
        let last = try await serving(
            try server(),
            { connection in
                do throws(DatagramError) {
                    try await connection.send(datagram: [UInt8](repeating: 1, count: 2_000))
                } catch {
                    errors.withLock { $0.append(error) }
                }
                for await _ in connection.streams {}
                do throws(DatagramError) {
                    try await connection.send(datagram: [1])
                } catch {
                    errors.withLock { $0.append(error) }
                }
            },
            { client in
                let connection = try client.connect()
                try #require(try client.serve { errors.withLock { $0.count } == 1 })
                try client.close([connection])
            }
        )
        #expect(errors.withLock { $0 } == [.tooLarge(maximumBytes: 1_164), .closed])
        #expect(last.hasReturned)
    }
}
