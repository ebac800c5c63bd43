import EchoService
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

@testable import QUICServer

/// Drains of servers with several workers, on real sockets.
@Suite struct ServerDrainTests {
    /// A server, and the executor of a worker of its own: the threads that all tasks share may be busy with other tests for minutes.
    private func server() throws -> (Server, any TaskExecutor) {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.workerCount = 2
        configuration.memoryBytesLimit = 1 << 30
        configuration.transport.staysOpen()
        var executor: (any TaskExecutor)?
        let server = try Server(configuration: configuration) { context in
            executor = context.worker.taskExecutor
            return [EchoService()]
        }
        return (server, try #require(executor))
    }

    /// The workers without connections go on until the last one has none: the kernel steers by the number of sockets.
    @Test func everyWorkerGoesOnUntilTheLastConnectionHasFinished() async throws {
        let (server, executor) = try server()
        let client = try LoopbackClient(of: server.address, seed: 1)
        let connections = try (0..<8).map { _ in try client.connect() }
        try #require(try client.echo([1, 2, 3], on: connections))
        let stream = try client.open([1], on: connections[0])
        try #require(try client.serve { client.recorder.received(on: connections[0], stream.id).bytes == [1] })
        let draining = Task(executorPreference: executor) { try await server.drain(within: .seconds(3_600)) }
        try #require(try client.serve { client.closes.count == 7 })
        #expect(try await server.statistics().endpoint.isDraining)
        try stream.write([2])
        stream.finish()
        try #require(try client.serve { client.closes.count == 8 })
        let last = try await draining.value
        #expect(last.hasReturned)
        #expect(last.endpoint.connections.closedByCause == ["drained": 8])
        let received = client.recorder.received(on: connections[0], stream.id)
        #expect(received == .init(bytes: [1, 2], isComplete: true))
    }

    /// The ways in which a drain ends before its time.
    enum Ender: CaseIterable {
        case noTime
        case deadline
        case cancellation
        case shutDown
    }

    @Test(arguments: Ender.allCases)
    func aStreamThatNeverEndsHoldsNothingUp(ender: Ender) async throws {
        let (server, executor) = try server()
        let client = try LoopbackClient(of: server.address, seed: 2)
        let connection = try client.connect()
        let stream = try client.open([1], on: connection)
        try #require(try client.serve { client.recorder.received(on: connection, stream.id).bytes == [1] })
        let timeout: Duration =
            switch ender {
            case .noTime: .zero
            case .deadline: .milliseconds(300)
            case .cancellation, .shutDown: .seconds(3_600)
            }
        let draining = Task(executorPreference: executor) { try await server.drain(within: timeout) }
        switch ender {
        case .noTime, .deadline: break
        case .cancellation: draining.cancel()
        case .shutDown: _ = try await server.shutDown()
        }
        let last = try await draining.value
        #expect(last.hasReturned)
        #expect(last.endpoint.connections.closedByCause == ["shutdown": 1])
    }
}
