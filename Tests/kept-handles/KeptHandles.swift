import Glibc
import QUICAsync
import QUICClient
import QUICServer
import Synchronization

/// The `kept-handles` command: keeps every kind of handle past the end of what it names, and uses it from its own thread and from others,
/// while connections come and go and after server and client have ended. For the sanitizers: scripts/memory-check.
///
/// It exits with 1 when a use of a live handle had no effect, when a use of a dead one had, or when anything is left behind.
@main
struct KeptHandles {
    private static let rounds = 12
    private static let connectionsPerRound = 12

    static func main() async throws {
        // Not by an error, whose trap would keep a sanitizer from its last look.
        exit(try await run() ? 0 : 1)
    }

    /// Whether everything was as it should. Nothing is left of it when this returns.
    private static func run() async throws -> Bool {
        let kept = Kept()
        let server = try makeServer(kept)
        let echoServer = try makeAsyncServer()
        let serving = Task { await echoServer.run { await serve($0, kept) } }
        let client = try makeClient()

        for _ in 0..<rounds {
            let meddling = startMeddling(with: kept)
            await withDiscardingTaskGroup { group in
                for number in 0..<connectionsPerRound {
                    let address = number.isMultiple(of: 2) ? server.address : echoServer.address
                    group.addTask { await visit(address, with: client, number, kept) }
                }
            }
            kept.isMeddling.withLock { $0 = false }
            for task in meddling { await task.value }
        }

        let ends = try await [
            server.shutDown().hasReturned, echoServer.shutDown().hasReturned, client.shutDown().hasReturned,
        ]
        await serving.value
        // Everything that was kept names nothing now.
        let late = await useAll(of: kept)
        let counts = kept.counts
        print(
            "kept-handles: \(counts.uses) uses of \(counts.handles) handles; \(late) uses after the end had an effect"
        )
        let isAsItShould = ends == [true, true, true] && late == 0 && counts.answers > 0 && counts.handles > 100
        if !isAsItShould {
            print("kept-handles: FAILED, with \(counts.answers) answers; everything came back: \(ends)")
        }
        return isAsItShould
    }

    private static func makeServer(_ kept: Kept) throws -> Server {
        var configuration = ServerConfiguration()
        configuration.listenAddress = SocketAddress(ipv4: 127, 0, 0, 1, port: 0)
        configuration.workerCount = 2
        configuration.memoryBytesLimit = 256 << 20
        return try Server(configuration: configuration) { context in
            kept.workers.withLock { $0.append(context.worker) }
            return [KeepingService(kept)]
        }
    }

    private static func makeAsyncServer() throws -> AsyncServer {
        var configuration = ServerConfiguration()
        configuration.listenAddress = SocketAddress(ipv4: 127, 0, 0, 1, port: 0)
        configuration.workerCount = 2
        configuration.memoryBytesLimit = 256 << 20
        return try AsyncServer(configuration: configuration, applicationProtocols: ["echo"])
    }

    private static func makeClient() throws -> AsyncClient {
        var configuration = ClientConfiguration(applicationProtocols: ["echo"])
        configuration.verification = .none
        return try AsyncClient(configuration: configuration)
    }

    @Sendable private static func serve(_ connection: QUICConnection, _ kept: Kept) async {
        kept.connections.withLock { $0.append(connection) }
        await withDiscardingTaskGroup { group in
            for await stream in connection.streams {
                kept.streams.withLock { $0.append(stream) }
                group.addTask {
                    do {
                        for try await chunk in stream { try await stream.write(chunk) }
                        stream.finish()
                    } catch {}
                }
            }
        }
    }

    /// Opens a connection, asks on two streams, and keeps all of it; others may end it meanwhile.
    private static func visit(_ address: SocketAddress, with client: AsyncClient, _ number: Int, _ kept: Kept) async {
        do {
            let connection = try await client.connect(to: address)
            kept.connections.withLock { $0.append(connection) }
            for _ in 0..<2 {
                let stream = try await connection.openStream()
                kept.streams.withLock { $0.append(stream) }
                try await stream.write([UInt8](repeating: 1, count: 2_000))
                stream.finish()
                let answer = try await stream.reduce(into: [UInt8]()) { $0 += $1 }
                if answer.count == 2_000 { kept.answers.add(1, ordering: .relaxed) }
            }
            if number.isMultiple(of: 3) { connection.close(code: 1) }
        } catch {
            // Somebody else ended it.
        }
    }
}

// MARK: - Use

extension KeptHandles {
    /// Tasks on the threads that all tasks share, which use whatever is kept until they are told to stop.
    private static func startMeddling(with kept: Kept) -> [Task<Void, Never>] {
        kept.isMeddling.withLock { $0 = true }
        return (0..<3).map { offset in
            Task.detached {
                var number = offset
                while kept.isMeddling.withLock({ $0 }) {
                    number += 7
                    kept.use(number)
                    await Task.yield()
                }
            }
        }
    }

    /// Uses everything once more, after the end.
    ///
    /// - Returns: The uses that were not refused.
    private static func useAll(of kept: Kept) async -> Int {
        var effects = 0
        for connection in kept.connections.withLock({ $0 }) {
            if (try? await connection.openStream()) != nil { effects += 1 }
            connection.close()
            if await connection.waitUntilClosed() == nil { effects += 1 }
        }
        for stream in kept.streams.withLock({ $0 }) {
            if (try? await stream.write([1])) != nil { effects += 1 }
            stream.finish()
            stream.reset(code: 1)
        }
        for reference in kept.connectionReferences.withLock({ $0 }) where (try? reference.close()) != nil {
            effects += 1
        }
        for reference in kept.streamReferences.withLock({ $0 }) where (try? reference.write([1])) != nil {
            effects += 1
        }
        for worker in kept.workers.withLock({ $0 }) where (try? worker.perform(on: KeepingService.self) { _ in }) != nil
        {
            effects += 1
        }
        return effects
    }
}
