import DatagramIO
import Datagrams
import Glibc
import QUICAsync
import QUICClient
import QUICEndpoint
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
            for descriptor in 3..<256 {
                var domain: Int32 = 0
                var byteCount = socklen_t(MemoryLayout<Int32>.size)
                let status = unsafe getsockopt(Int32(descriptor), SOL_SOCKET, SO_DOMAIN, &domain, &byteCount)
                if status == 0, domain == AF_INET { close(Int32(descriptor)) }
            }
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

    @Test func aPoolNeedsConnections() async {
        await #expect(processExitsWith: .failure) {
            let client = try AsyncClient(configuration: ClientConfiguration(applicationProtocols: ["echo"]))
            var limits = PoolLimits()
            limits.connectionsPerServer = 0
            _ = ConnectionPool(of: client, limits: limits)
        }
    }
}
