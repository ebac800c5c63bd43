import QUICAsync
import QUICClient
import QUICEndpoint
import QUICServer
import QUICTesting
import Testing

/// Early data for tasks. RFC 9001 §4.6.
@Suite struct AsyncEarlyDataTests {
    private func server(acceptsEarlyData: Bool) throws -> AsyncServer {
        var configuration = ServerConfiguration()
        configuration.listenAddress = SocketAddress(ipv4: 127, 0, 0, 1, port: 0)
        configuration.memoryBytesLimit = 1 << 30
        configuration.workerCount = 2
        configuration.earlyData = EarlyDataConfiguration()
        return try AsyncServer(
            configuration: configuration,
            applicationProtocols: ["echo"],
            acceptsEarlyData: acceptsEarlyData
        )
    }

    private static func exchange(_ message: [UInt8], on connection: QUICConnection) async throws -> [UInt8] {
        let stream = try await connection.openStream()
        try await stream.write(message)
        stream.finish()
        return try await stream.reduce(into: []) { $0 += $1 }
    }

    @Test(arguments: [true, false])
    func aConnectionWithATicketIsOpenAtOnce(isAccepted: Bool) async throws {
        let server = try server(acceptsEarlyData: isAccepted)
        let earlyStreams = Shared(0)
        let serving = Task(executorPreference: server.workers[0].taskExecutor) {
            await server.run { connection in
                for await stream in connection.streams {
                    if stream.arrivedEarly { earlyStreams.withLock { $0 += 1 } }
                    do {
                        for try await chunk in stream { try await stream.write(chunk) }
                        stream.finish()
                    } catch {}
                }
            }
        }
        var configuration = ClientConfiguration(applicationProtocols: ["echo"])
        configuration.verification = .none
        let client = try AsyncClient(configuration: configuration)
        let address = server.address
        try await Task(executorPreference: client.worker.taskExecutor) {
            let first = try await client.connect(to: address, serverName: "localhost", offersEarlyData: true)
            #expect(await first.completedHandshake() == EarlyDataState.none)
            #expect(try await Self.exchange([1], on: first) == [1])
            let second = try await client.connect(to: address, serverName: "localhost", offersEarlyData: true)
            #expect(try await Self.exchange([2, 3], on: second) == [2, 3])
            #expect(await second.completedHandshake() == (isAccepted ? .accepted : .rejected))
            #expect(second.isResumed && second.applicationProtocol == "echo")
            let other = try await client.connect(to: address, serverName: "localhost")
            #expect(await other.completedHandshake() == EarlyDataState.none)
        }.value
        let last = try await client.shutDown()
        #expect(last.hasReturned && last.earlyData.offered == 1 && last.earlyData.accepted == (isAccepted ? 1 : 0))
        let statistics = try await server.shutDown()
        await serving.value
        #expect(statistics.hasReturned)
        #expect(statistics.endpoint.earlyData.accepted == (isAccepted ? 1 : 0))
        // The handshake may be over before the task has written anything.
        #expect(earlyStreams.withLock { $0 } <= (isAccepted ? 1 : 0))
        #expect(statistics.replayStore.entries == (isAccepted ? 1 : 0))
    }

    @Test func aConnectionToNobodyEndsInTime() async throws {
        let server = try server(acceptsEarlyData: true)
        var configuration = ClientConfiguration(applicationProtocols: ["echo"])
        configuration.verification = .none
        let client = try AsyncClient(configuration: configuration)
        let address = server.address
        let first = try await client.connect(to: address, serverName: "localhost")
        while await !Self.hasTicket(client, address) {}
        first.close()
        _ = try await server.shutDown()
        let second = try await client.connect(
            to: address,
            serverName: "localhost",
            timeout: .milliseconds(200),
            offersEarlyData: true
        )
        #expect(await second.completedHandshake() == nil)
        #expect(await second.waitUntilClosed() != nil)
        #expect(try await client.shutDown().hasReturned)
    }

    /// Whether a connection to `address` offers early data.
    private static func hasTicket(_ client: AsyncClient, _ address: SocketAddress) async -> Bool {
        guard let connection = try? await client.connect(to: address, serverName: "localhost", offersEarlyData: true)
        else { return false }
        defer { connection.close() }
        return await connection.completedHandshake() != EarlyDataState.none
    }
}
