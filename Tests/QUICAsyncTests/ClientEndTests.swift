import DatagramIO
import Datagrams
import Glibc
import QUICAsync
import QUICClient
import QUICEndpoint
import QUICServer
import QUICTransport
import Testing

/// Ends that take a process of their own.
@Suite struct ClientEndTests {
    /// Its sockets are closed under it.
    @Test func aClientThatHasFailedSaysWhy() async {
        await #expect(processExitsWith: .success) {
            var configuration = ClientConfiguration(applicationProtocols: ["echo"])
            configuration.verification = .none
            let client = try AsyncClient(configuration: configuration)
            let address = SocketAddress(ipv4: 127, 0, 0, 1, port: 9)
            let waiting = Task { try await client.connect(to: address, timeout: .seconds(600)) }
            while try await client.statistics().connections.live == 0 { await Task.yield() }
            Self.closeSockets()
            let failure = await #expect(throws: ConnectError.self) { _ = try await waiting.value }
            guard case .clientFailed(.socket(let reason)) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(reason.code == EBADF)
            await #expect(throws: ConnectError.clientFailed(.socket(reason))) {
                _ = try await client.connect(to: address)
            }
            await #expect(throws: ClientError.socket(reason)) { _ = try await client.shutDown() }
        }
    }

    /// The sockets of a server and of a client are closed under them: their connections do not say that somebody has shut them down.
    @Test func connectionsOfAWorkerThatHasFailedSaySo() async {
        await #expect(processExitsWith: .success) {
            var serverConfiguration = ServerConfiguration()
            serverConfiguration.listenAddress.port = 0
            serverConfiguration.memoryBytesLimit = 1 << 30
            let server = try AsyncServer(configuration: serverConfiguration, applicationProtocols: ["echo"])
            var configuration = ClientConfiguration(applicationProtocols: ["echo"])
            configuration.verification = .none
            let client = try AsyncClient(configuration: configuration)
            let connection = try await client.connect(to: server.address, timeout: .seconds(600))
            let served = try #require(await server.connections.next())
            let stream = try await connection.openStream()
            try await stream.write([1])
            let answer = try #require(await served.streams.next())
            Self.closeSockets()
            // It cannot leave any more.
            try? await stream.write([2])
            try? await answer.write([3])
            #expect(await connection.waitUntilClosed()?.cause == .workerFailed)
            #expect(await served.waitUntilClosed()?.cause == .workerFailed)
            await #expect(throws: ClientError.self) { _ = try await client.shutDown() }
            await #expect(throws: ServerError.self) { _ = try await server.shutDown() }
        }
    }

    /// Closes the sockets of this process that are bound to IPv4 addresses.
    private static func closeSockets() {
        for descriptor in Int32(3)..<256 {
            var domain: Int32 = 0
            var byteCount = socklen_t(MemoryLayout<Int32>.size)
            let status = unsafe getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &byteCount)
            if status == 0, domain == AF_INET { close(descriptor) }
        }
    }

    @Test func aPoolNeedsConnections() async {
        await #expect(processExitsWith: .failure) {
            let client = try AsyncClient(configuration: ClientConfiguration(applicationProtocols: ["echo"]))
            var limits = PoolLimits()
            limits.connectionsPerServer = 0
            _ = ConnectionPool(of: client, limits: limits)
        }
    }
}
