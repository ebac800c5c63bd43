import Datagrams
import Foundation
import QUICAsync
import QUICServer
import QUICTesting
import QUICTransport
import Testing

/// Priorities of streams that tasks use. RFC 9218.
@Suite struct AsyncStreamPriorityTests {
    private typealias Stream = QUICTransport.Stream

    /// In equal shares the first stream would be complete first.
    private static let (lowBytes, highBytes) = (1_000_000, 1_500_000)

    /// Two streams are written to at the same time: the more urgent one is complete first, though it is longer.
    @Test(arguments: [true, false])
    func theMoreUrgentStreamGoesFirst(fromTheWorker: Bool) async throws {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.memoryBytesLimit = 1 << 30
        configuration.transport.staysOpen()
        configuration.workerCount = 2
        let server = try AsyncServer(configuration: configuration, applicationProtocols: ["echo"])
        let serving = Task(executorPreference: server.workers[0].taskExecutor) {
            await server.run { connection in
                var streams: [ByteStream] = []
                for await stream in connection.streams {
                    streams.append(stream)
                    guard streams.count == 2 else { continue }
                    streams.sort { $0.id.rawValue < $1.id.rawValue }
                    let other = fromTheWorker ? nil : server.workers.first { !$0.isCurrent }
                    await Self.answer(streams[0], streams[1], from: other)
                }
            }
        }
        let outcome = await onThread { [address = server.address] in
            let client = try LoopbackClient(of: address, seed: 1)
            let connection = try client.connect()
            let first = try client.open([1], on: connection)
            let second = try client.open([1], on: connection)
            func received(_ stream: Stream) -> RecordingClient.Received {
                client.recorder.received(on: connection, stream.id)
            }
            func areComplete() -> Bool { received(first).isComplete && received(second).isComplete }
            try #require(try client.serve(until: areComplete))
            #expect(received(first).bytes.count == Self.lowBytes && received(second).bytes.count == Self.highBytes)
            #expect(client.recorder.completions(on: connection) == [second.id, first.id])
            try client.close([connection])
        }
        #expect(try await server.shutDown().hasReturned)
        await serving.value
        try outcome.get()
    }

    /// - Parameter other: A worker whose connection it is not, on whose thread priorities are set; nil for the connection's own.
    @Sendable private static func answer(_ low: ByteStream, _ high: ByteStream, from other: WorkerReference?) async {
        #expect(low.priority == StreamPriority())
        func setPriorities() {
            low.priority = StreamPriority(urgency: 6, isIncremental: false)
            high.priority = StreamPriority(urgency: 1)
        }
        if other == nil {
            setPriorities()
        } else {
            await Task(executorPreference: other?.taskExecutor) {
                setPriorities()
                // They have reached the worker when a later write of nothing has.
                try? await low.write([UInt8]())
                try? await high.write([UInt8]())
            }.value
        }
        #expect(low.priority.urgency == 6 && !low.priority.isIncremental && high.priority.urgency == 1)
        async let lowIsWritten: Void = write(lowBytes, to: low)
        await write(highBytes, to: high)
        await lowIsWritten
    }

    private static func write(_ count: Int, to stream: ByteStream) async {
        try? await stream.write([UInt8](repeating: 1, count: count))
        stream.finish()
    }

    /// Calls `body` on a thread of its own: a client that waits for its socket would block those that tasks run on.
    private func onThread(_ body: @escaping @Sendable () throws -> Void) async -> Result<Void, any Error> {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: Result(catching: body)) }
        }
    }
}
