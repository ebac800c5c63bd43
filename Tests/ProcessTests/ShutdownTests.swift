import Foundation
import LoadModel
import QUICAsync
import QUICClient
import QUICEndpoint
import Testing

extension RealProcesses {
    /// Signals, also while clients are connected.
    @Suite struct ShutdownTests {
        @Test(arguments: RunningServer.StopSignal.allCases)
        func aSignalEndsTheServerInOrder(_ signal: RunningServer.StopSignal) async throws {
            try await withServer { server in
                let ending = try await server.stop(with: signal)
                #expect(ending.status == 0, "\(ending.errors)")
            }
        }

        private func client(speaking name: String = "hq-interop") throws -> AsyncClient {
            var configuration = ClientConfiguration(applicationProtocols: [name])
            configuration.verification = .none
            configuration.transport.peerUnidirectionalStreams = 3
            return try AsyncClient(configuration: configuration)
        }

        /// Asks for a body of `count` bytes, and hands its stream to `body`.
        private func download(
            _ count: Int,
            from address: String,
            with client: AsyncClient,
            _ body: (ByteStream) async throws -> Int
        ) async throws -> Int {
            let remote = try #require(SocketAddress(address))
            let connection = try await client.connect(to: remote, serverName: "localhost", timeout: .seconds(60))
            let stream = try await connection.openStream()
            try await stream.write("GET /\(count)\r\n")
            stream.finish()
            return try await body(stream)
        }

        /// New clients are told to go elsewhere, those that are there get all of what they asked for, and then the process ends.
        @Test func transfersAreWholeThatASignalComesInto() async throws {
            let transfers = 100
            let count = 1_000_000
            try await withServer("--alpn", "hq-interop", "--drain-timeout", "1h") { server in
                #expect(try await server.readiness() == 200)
                let client = try client()
                let address = server.address
                let (begun, hasBegun) = AsyncStream.makeStream(of: Void.self)
                let (told, isTold) = AsyncStream.makeStream(of: Void.self)
                let drain = Task { for await _ in told {} }
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<transfers {
                        group.addTask {
                            // One that fails ends the wait for the others.
                            defer { hasBegun.finish() }
                            return try await download(count, from: address, with: client) { stream in
                                var chunks = stream.makeAsyncIterator()
                                var received = try await chunks.next()?.count ?? 0
                                hasBegun.yield()
                                // The rest is more than the windows hold.
                                await drain.value
                                while let chunk = try await chunks.next() { received += chunk.count }
                                return received
                            }
                        }
                    }
                    var waiting = transfers
                    for await _ in begun {
                        waiting -= 1
                        if waiting == 0 { break }
                    }
                    server.signal(.terminate)
                    try await server.waitUntilDraining()
                    #expect(try await server.readiness() == 503)
                    await #expect(throws: ConnectError.refused) {
                        _ = try await download(1, from: server.address, with: client) { _ in 0 }
                    }
                    isTold.finish()
                    var received: [Int] = []
                    for try await size in group { received.append(size) }
                    #expect(received == Array(repeating: count, count: transfers))
                }
                let ending = try await server.ending()
                #expect(ending.status == 0, "\(ending.errors)")
                #expect(try await client.shutDown().hasReturned)
            }
        }

        /// A connection without requests ends at once, with GOAWAY and H3_NO_ERROR. RFC 9114 §5.2 and §8.1.
        @Test func anIdleHTTP3ClientIsToldInOrder() async throws {
            try await withServer("--alpn", "h3", "--drain-timeout", "1h") { server in
                let client = try client(speaking: "h3")
                let address = try #require(SocketAddress(server.address))
                let connection = try await client.connect(to: address, serverName: "localhost", timeout: .seconds(60))
                let control = try await connection.openStream(.unidirectional)
                try await control.write([0, 4, 0])
                _ = try await server.statistics(within: 10) { $0.connections.established == 1 }
                server.signal(.terminate)
                let stream = try #require(await connection.streams.next())
                var received: [UInt8] = []
                do { for try await chunk in stream { received += chunk } } catch ByteStreamError.connectionEnded {}
                #expect(received == [0, 4, 0, 7, 8] + [UInt8](repeating: 0xff, count: 7) + [0xfc])
                let report = try #require(await connection.waitUntilClosed())
                #expect(report.cause == .peerClose && report.applicationCode == 0x100)
                let ending = try await server.ending()
                #expect(ending.status == 0, "\(ending.errors)")
                #expect(try await client.shutDown().hasReturned)
            }
        }

        /// A client that does not read has until the deadline, and no longer.
        @Test func theDeadlineEndsADrain() async throws {
            try await withServer("--alpn", "hq-interop", "--drain-timeout", "2s") { server in
                let client = try client()
                let start = ContinuousClock.now
                _ = try await download(30_000_000, from: server.address, with: client) { stream in
                    var chunks = stream.makeAsyncIterator()
                    _ = try await chunks.next()
                    server.signal(.terminate)
                    let ending = try await server.ending()
                    #expect(ending.status == 0, "\(ending.errors)")
                    return 0
                }
                #expect(ContinuousClock.now - start >= .seconds(2))
                #expect(try await client.shutDown().hasReturned)
            }
        }

        /// One signal and no time to drain, or a second signal: the client is told, and nothing waits for its stream.
        @Test(arguments: ["0", "1h"])
        func aDownloadThatIsNotReadHoldsNothingUp(timeout: String) async throws {
            try await withServer("--alpn", "hq-interop", "--drain-timeout", timeout) { server in
                let client = try client()
                _ = try await download(30_000_000, from: server.address, with: client) { stream in
                    var chunks = stream.makeAsyncIterator()
                    _ = try await chunks.next()
                    server.signal(.terminate)
                    if timeout != "0" {
                        try await server.waitUntilDraining()
                        server.signal(.interrupt)
                    }
                    await #expect(throws: ByteStreamError.connectionEnded) {
                        while try await chunks.next() != nil {}
                    }
                    return 0
                }
                #expect(try await client.shutDown().hasReturned)
                let ending = try await server.ending()
                #expect(ending.status == 0, "\(ending.errors)")
            }
        }

        @Test func everyClientIsToldAndThePortIsFreeAtOnce() async throws {
            var address = ""
            try await withServer("--drain-timeout", "0") { server in
                address = server.address
                let load = try LoadGenerator.start(
                    address,
                    ["--mode", "hold", "--connections", "500", "--rate", "1000", "--hold", "60s"]
                )
                _ = try await server.statistics(within: 10) { $0.connections.established == 500 }
                let start = ContinuousClock.now
                let ending = try await server.stop()
                #expect(ending.status == 0, "\(ending.errors)")
                #expect(ContinuousClock.now - start < .seconds(3))
                #expect(ending.output.contains("closed: created 500, closed 500, live 0,"))
                let run = try await load.ending()
                #expect(run.status == 1)
                #expect(run.report.outcomes.count(of: .closedByPeer) == 500)
            }
            try await withServer(listening: address) { server in
                #expect(server.address == address)
                let run = try await LoadGenerator.run(server, "--connections", "1")
                #expect(run.status == 0)
            }
        }
    }
}
