import DatagramIO
import QUICAsync
import QUICClient
import QUICEndpoint
import QUICServer
import QUICTesting
import QUICTransport
import Testing

/// Connections to hosts by their names, on real sockets; nothing is looked up outside.
@Suite struct AsyncHostTests {
    /// Answers from a table, and never for a name that is not in it.
    private final class TableResolver: HostResolver {
        typealias Outcome = Result<[SocketAddress], LookupError>

        private let table: Shared<[String: Outcome]>
        /// Those who wait for ever.
        let waiting = Shared<[@Sendable (Outcome) -> Void]>([])
        let asked = Shared<[String]>([])

        init(_ table: [String: Outcome] = [:]) { self.table = Shared(table) }

        convenience init(_ addresses: [SocketAddress]) { self.init(["server.example": .success(addresses)]) }

        func set(_ host: String, _ addresses: [SocketAddress]) { table.withLock { $0[host] = .success(addresses) } }

        func lookUp(
            _ host: String,
            port: UInt16,
            timeout: Duration,
            _ answer: @escaping @Sendable (Result<[SocketAddress], LookupError>) -> Void
        ) {
            asked.withLock { $0.append(host) }
            if let outcome = table.withLock({ $0[host] }) {
                answer(outcome)
            } else {
                waiting.withLock { $0.append(answer) }
            }
        }
    }

    private static let host = "server.example"
    private static let port: UInt16 = 443

    /// Calls `body` on the thread of a client of an echo server; both leave nothing behind.
    private func withClient(
        of resolver: any HostResolver,
        at listenAddress: SocketAddress = SocketAddress(ipv4: 127, 0, 0, 1, port: 0),
        _ change: (inout ClientConfiguration, inout ServerConfiguration) -> Void = { _, _ in },
        _ body: @escaping @Sendable (AsyncClient, SocketAddress) async throws -> Void
    ) async throws {
        var (configuration, served) = (ClientConfiguration(applicationProtocols: ["echo"]), ServerConfiguration())
        configuration.verification = .none
        configuration.resolver = resolver
        configuration.transport.staysOpen()
        served.listenAddress = listenAddress
        served.memoryBytesLimit = 1 << 30
        served.transport.staysOpen()
        change(&configuration, &served)
        try await EchoPair.run(configuration, served, acceptsEarlyData: true, body)
    }

    /// Nothing goes on but `live` connections.
    private static func settle(_ client: AsyncClient, live: Int) async throws {
        while true {
            let statistics = try await client.statistics()
            if statistics.connections.live == live, statistics.hostAttemptCount == 0 { return }
            await Task.yield()
        }
    }

    // RFC 6066 §3, RFC 6125 §6.4: the name that was asked for is the one that is sent, and that the certificate has to be for.
    @Test func theCertificateHasToBeForTheHost() async throws {
        let files = try CertificateFolder()
        let resolver = TableResolver()
        try await withClient(
            of: resolver,
            {
                $0.verification = .authorities(file: files.authority)
                $1.certificate = files.source
            }
        ) { client, address in
            for name in ["localhost", "server.example"] { resolver.set(name, [address]) }
            let connection = try await client.connect(to: "LocalHost.", port: Self.port)
            #expect(try await EchoPair.exchange([1, 2], on: connection) == [1, 2])
            #expect(connection.remote == address)
            await #expect(throws: ConnectError.certificateRefused) {
                _ = try await client.connect(to: Self.host, port: Self.port)
            }
            _ = try await client.connect(to: Self.host, port: Self.port, serverName: "localhost")
            // An address stands for itself.
            await #expect(throws: ConnectError.certificateRefused) {
                _ = try await client.connect(to: "127.0.0.1", port: address.port)
            }
            _ = try await client.connect(to: "127.0.0.1", port: address.port, serverName: "localhost")
            #expect(resolver.asked.withLock { $0 } == ["localhost", Self.host, Self.host])
        }
    }

    /// It costs 250 ms, and not the timeout.
    @Test func aDeadFirstAddressIsPassedBy() async throws {
        let silent = try SilentPort()
        let resolver = TableResolver()
        try await withClient(of: resolver) { client, address in
            resolver.set(Self.host, [silent.address, address])
            let connection = try await client.connect(to: Self.host, port: Self.port, timeout: .seconds(3_600))
            #expect(connection.remote == address)
            #expect(try await EchoPair.exchange([3], on: connection) == [3])
            // The other attempt is closed, and leaves the connection alone.
            try await Self.settle(client, live: 1)
            #expect(try await client.statistics().connections.created == 2)
            #expect(try await EchoPair.exchange([4], on: connection) == [4])
        }
    }

    /// Nobody may send to everybody, so the system refuses it at once.
    @Test func anAddressThatCannotBeReachedCostsNothing() async throws {
        let nowhere = SocketAddress(ipv4: 255, 255, 255, 255, port: Self.port)
        let resolver = TableResolver()
        try await withClient(of: resolver) { client, address in
            resolver.set(Self.host, [nowhere, address])
            let connection = try await client.connect(to: Self.host, port: Self.port)
            #expect(connection.remote == address)
            #expect(try await client.statistics().connections.created == 1)
            resolver.set(Self.host, [nowhere])
            do {
                _ = try await client.connect(to: Self.host, port: Self.port)
                Issue.record("a connection to everybody")
            } catch ConnectError.unreachable(let error) {
                #expect(error.address == nowhere)
            }
        }
    }

    @Test func onlyDeadAddressesTimeOut() async throws {
        let (first, second) = (try SilentPort(), try SilentPort())
        try await withClient(of: TableResolver([first.address, second.address])) { client, _ in
            let start = ContinuousClock.now
            await #expect(throws: ConnectError.timedOut) {
                _ = try await client.connect(to: Self.host, port: Self.port, timeout: .milliseconds(600))
            }
            #expect(start.duration(to: .now) >= .milliseconds(600))
            try await Self.settle(client, live: 0)
        }
    }

    @Test func aHostThatIsNotFoundIsNamed() async throws {
        let reason = LookupError.failed(reason: "Name or service not known", isTemporary: false)
        try await withClient(of: TableResolver([Self.host: .failure(reason)])) { client, _ in
            for (host, error) in [
                (Self.host, reason), ("no host", .invalidHost), ("fe80::1%none", .noSuchInterface("none")),
            ] {
                let thrown = await #expect(throws: ConnectError.unresolved(host: host, error)) {
                    _ = try await client.connect(to: host, port: Self.port)
                }
                #expect("\(thrown.map { "\($0)" } ?? "")".hasPrefix("cannot find an address of '\(host)': "))
            }
            let statistics = try await client.statistics()
            #expect(statistics.connections.created == 0)
        }
    }

    @Test func aResolverThatDoesNotAnswerIsGivenUp() async throws {
        let resolver = TableResolver()
        try await withClient(of: resolver) { client, address in
            let start = ContinuousClock.now
            await #expect(throws: ConnectError.unresolved(host: Self.host, .timedOut)) {
                _ = try await client.connect(to: Self.host, port: Self.port, timeout: .milliseconds(200))
            }
            #expect(start.duration(to: .now) >= .milliseconds(200))
            // It comes too late.
            resolver.waiting.withLock { $0 }.forEach { $0(.success([address])) }
            try await Self.settle(client, live: 0)
            #expect(try await client.statistics().connections.created == 0)
        }
    }

    @Test func aTaskThatIsCancelledWaitsForNoLookupAndNoAddress() async throws {
        let silent = try SilentPort()
        let resolver = TableResolver([silent.address])
        try await withClient(of: resolver) { client, _ in
            for host in ["unknown.example", Self.host] {
                let task = Task(executorPreference: client.worker.taskExecutor) {
                    try await client.connect(to: host, port: Self.port, timeout: .seconds(3_600))
                }
                while try await client.statistics().hostAttemptCount == 0 { await Task.yield() }
                while host == Self.host, try await client.statistics().connections.live == 0 { await Task.yield() }
                task.cancel()
                await #expect(throws: CancellationError.self) { _ = try await task.value }
                try await Self.settle(client, live: 0)
            }
        }
    }

    /// At any moment, from another thread.
    @Test func attemptsMayBeCancelledAtAnyMoment() async throws {
        let resolver = TableResolver()
        try await withClient(of: resolver) { client, address in
            resolver.set(Self.host, [address])
            for round in 0..<300 {
                let task = Task.detached { try await client.connect(to: Self.host, port: Self.port) }
                for _ in 0..<(round * 40) { _ = client.worker.isCurrent }
                task.cancel()
                (try? await task.value)?.close()
            }
            try await Self.settle(client, live: 0)
        }
    }

    @Test func aClientThatIsShutDownLooksUpNoMore() async throws {
        let silent = try SilentPort()
        let resolver = TableResolver([silent.address])
        var configuration = ClientConfiguration(applicationProtocols: ["echo"])
        configuration.resolver = resolver
        let client = try AsyncClient(configuration: configuration)
        let waiting = ["unknown.example", Self.host].map { host in
            Task { try await client.connect(to: host, port: Self.port, timeout: .seconds(3_600)) }
        }
        while try await client.statistics().hostAttemptCount < 2 { await Task.yield() }
        #expect(try await client.shutDown().hasReturned)
        for task in waiting { await #expect(throws: ConnectError.shutDown) { _ = try await task.value } }
        resolver.waiting.withLock { $0 }.forEach { $0(.success([silent.address])) }
        await #expect(throws: ConnectError.shutDown) { _ = try await client.connect(to: Self.host, port: Self.port) }
    }

    @Test func lookupsCountAsConnections() async throws {
        try await withClient(of: TableResolver(), { client, _ in client.connectionLimit = 2 }) { client, _ in
            let waiting = (0..<2).map { number in
                Task(executorPreference: client.worker.taskExecutor) {
                    try await client.connect(to: "unknown\(number).example", port: Self.port, timeout: .seconds(3_600))
                }
            }
            while try await client.statistics().hostAttemptCount < 2 { await Task.yield() }
            await #expect(throws: ConnectError.tooManyConnections(limit: 2)) {
                _ = try await client.connect(to: "unknown.example", port: Self.port)
            }
            for task in waiting { task.cancel() }
            for task in waiting { await #expect(throws: CancellationError.self) { _ = try await task.value } }
        }
    }

    /// By the system's own resolver, from /etc/hosts; and an address in brackets, which is not looked up.
    @Test func localhostIsFound() async throws {
        try await withClient(of: SystemResolver()) { client, address in
            let connection = try await client.connect(to: "localhost", port: address.port, timeout: .seconds(3_600))
            #expect(try await EchoPair.exchange([6], on: connection) == [6])
            #expect(connection.remote == address)
        }
        let local = try #require(SocketAddress("[::1]:0"))
        try await withClient(of: TableResolver(), at: local) { client, address in
            for host in ["[::1]", "::1"] {
                let connection = try await client.connect(to: host, port: address.port)
                #expect(connection.remote == address)
            }
        }
    }

    /// Early data goes to one address, so that it had better be one that answers.
    @Test func earlyDataGoesToTheAddressThatAnsweredLast() async throws {
        let silent = try SilentPort()
        let resolver = TableResolver()
        try await withClient(of: resolver, { $1.earlyData = EarlyDataConfiguration() }) { client, address in
            resolver.set(Self.host, [address])
            let first = try await client.connect(to: Self.host, port: Self.port, offersEarlyData: true)
            #expect(try await EchoPair.exchange([1], on: first) == [1])
            resolver.set(Self.host, [silent.address, address])
            let second = try await client.connect(to: Self.host, port: Self.port, offersEarlyData: true)
            #expect(second.remote == address)
            #expect(try await EchoPair.exchange([2], on: second) == [2])
            #expect(await second.completedHandshake() == .accepted)
            #expect(try await client.statistics().connections.created == 2)
        }
    }

    @Test func aPoolKeepsConnectionsByName() async throws {
        let resolver = TableResolver()
        try await withClient(of: resolver) { client, address in
            resolver.set(Self.host, [address])
            let pool = ConnectionPool(of: client)
            for host in ["server.example", "Server.Example.", "SERVER.example"] {
                let answer = try await pool.withConnection(to: host, port: Self.port) {
                    try await EchoPair.exchange([4], on: $0)
                }
                #expect(answer == [4])
            }
            #expect(try await client.statistics().connections.created == 1)
            #expect(pool.statistics.servers == 1 && resolver.asked.withLock { $0.count } == 1)
            // Another port is another server, and so is the address itself.
            try await pool.withConnection(to: Self.host, port: 444) { _ in }
            try await pool.withConnection(to: address) { _ in }
            #expect(pool.statistics.servers == 3)
            await #expect(throws: ConnectError.unresolved(host: "a b", .invalidHost)) {
                try await pool.withConnection(to: "a b", port: Self.port) { _ in }
            }
            pool.shutDown()
        }
    }
}
