import BoundedMemory
import QUICAsync
import QUICClient
import QUICEndpoint
import QUICServer
import QUICTesting
import QUICTransport
import Testing

/// Clients written with tasks, on real sockets.
@Suite struct AsyncClientTests {
    private func serverConfiguration(_ certificate: CertificateSource = .selfSigned) -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.listenAddress.port = 0
        configuration.memoryBytesLimit = 1 << 30
        configuration.certificate = certificate
        configuration.transport.staysOpen()
        return configuration
    }

    private func clientConfiguration(_ verification: ServerVerification = .none) -> ClientConfiguration {
        var configuration = ClientConfiguration(applicationProtocols: ["echo"])
        configuration.verification = verification
        configuration.transport.staysOpen()
        return configuration
    }

    /// Calls `body` on the thread of a client of an echo server; both leave nothing behind.
    private func withClient(
        _ clientConfiguration: ClientConfiguration? = nil,
        _ serverConfiguration: ServerConfiguration? = nil,
        handler: (@Sendable (QUICConnection) async -> Void)? = nil,
        _ body: @escaping @Sendable (AsyncClient, SocketAddress) async throws -> Void
    ) async throws {
        try await EchoPair.run(
            clientConfiguration ?? self.clientConfiguration(),
            serverConfiguration ?? self.serverConfiguration(),
            handler: handler ?? EchoPair.echo,
            body
        )
    }

    @Test func messagesComeBack() async throws {
        try await withClient { client, address in
            let connections = try await withThrowingTaskGroup(of: QUICConnection.self) { group in
                for _ in 0..<10 { group.addTask { try await client.connect(to: address, serverName: "localhost") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for connection in connections {
                #expect(connection.applicationProtocol == "echo" && connection.remote == address)
                for count in [0, 1, 3_000, 300_000] {
                    let message = [UInt8](repeating: UInt8(truncatingIfNeeded: count), count: count)
                    #expect(try await EchoPair.exchange(message, on: connection) == message)
                }
            }
            #expect(try await client.statistics().connections.live == 10)
            for connection in connections { connection.close() }
            for connection in connections { #expect(await connection.waitUntilClosed()?.cause == .localClose) }
        }
    }

    /// From a thread that is not the client's.
    @Test func aClientMayBeUsedFromAnyThread() async throws {
        try await withClient { client, address in
            let task = Task.detached {
                let connection = try await client.connect(to: address)
                let answer = try await EchoPair.exchange([1, 2, 3], on: connection)
                connection.close(code: 7, reasonPhrase: "done")
                return (answer, await connection.waitUntilClosed())
            }
            let (answer, report) = try await task.value
            #expect(answer == [1, 2, 3])
            #expect(report?.applicationCode == 7 && report?.reasonPhrase == "done")
        }
    }

    @Test func aStreamBeyondThePeersLimitWaitsForAnother() async throws {
        var configuration = serverConfiguration()
        configuration.transport.peerBidirectionalStreams = 3
        try await withClient(nil, configuration) { client, address in
            let connection = try await client.connect(to: address)
            let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for number in 0..<40 { group.addTask { try await EchoPair.exchange([UInt8(number)], on: connection) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(answers.map { $0.first }) == Set((0..<40).map { UInt8($0) }) && answers.count == 40)
            // One that nobody will allow ends with its task, and the others with the connection.
            let open = try await withThrowingTaskGroup(of: ByteStream.self) { group in
                for _ in 0..<3 { group.addTask { try await connection.openStream() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let cancelled = Task(executorPreference: client.worker.taskExecutor) { try await connection.openStream() }
            let waiting = Task(executorPreference: client.worker.taskExecutor) { try await connection.openStream() }
            while connection.waitingOpeners < 2 { await Task.yield() }
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
            connection.close()
            await #expect(throws: ByteStreamError.connectionEnded) { try await waiting.value }
            #expect(open.count == 3)
        }
    }

    /// A server's handler opens a stream, and learns how its client closed.
    @Test func aServerOpensStreams() async throws {
        let reports = Shared<[CloseReport?]>([])
        var configuration = clientConfiguration()
        configuration.transport.peerUnidirectionalStreams = 1
        try await withClient(
            configuration,
            handler: { connection in
                if let stream = try? await connection.openStream(.unidirectional) {
                    try? await stream.write("welcome")
                    stream.finish()
                }
                let report = await connection.waitUntilClosed()
                reports.withLock { $0.append(report) }
            },
            { client, address in
                let connection = try await client.connect(to: address)
                let stream = try #require(await connection.streams.next())
                #expect(try await stream.reduce(into: [UInt8]()) { $0 += $1 } == Array("welcome".utf8))
                connection.close(code: 3)
                _ = await connection.waitUntilClosed()
            }
        )
        #expect(reports.withLock { $0 }.map { $0?.cause } == [.peerClose])
        #expect(reports.withLock { $0 }.map { $0?.applicationCode } == [3])
    }

    /// Also those that had closed before anybody took them; and no more of them arrive than their limit allows.
    @Test func streamsWaitUntilTheyAreTaken() async throws {
        var configuration = clientConfiguration()
        configuration.transport.peerUnidirectionalStreams = 4
        let opened = Shared<[Int]>([])
        try await withClient(
            configuration,
            handler: { connection in
                for number in 0..<12 {
                    guard let stream = try? await connection.openStream(.unidirectional) else { return }
                    opened.withLock { $0.append(number) }
                    try? await stream.write([UInt8](repeating: UInt8(number), count: 2_000))
                    stream.finish()
                }
                _ = await connection.waitUntilClosed()
            },
            { client, address in
                let connection = try await client.connect(to: address)
                // Round trips enough for all of the first streams to arrive, and for others to be opened if they might.
                for _ in 0..<20 { try await Task.sleep(for: .milliseconds(10)) }
                while opened.withLock({ $0.count }) < 4 { try await Task.sleep(for: .milliseconds(10)) }
                #expect(opened.withLock { $0 } == [0, 1, 2, 3])
                var arrived: [UInt8] = []
                for await stream in connection.streams {
                    let bytes = try await stream.reduce(into: [UInt8]()) { $0 += $1 }
                    #expect(bytes.count == 2_000)
                    arrived.append(bytes.first ?? 0)
                    if arrived.count == 12 { break }
                }
                #expect(arrived.sorted() == (0..<12).map { UInt8($0) })
                connection.close()
            }
        )
    }

    @Test func aSecondConnectionIsResumed() async throws {
        try await withClient { client, address in
            let first = try await client.connect(to: address, serverName: "localhost")
            #expect(try await EchoPair.exchange([1], on: first) == [1])
            let second = try await client.connect(to: address, serverName: "localhost")
            // Another server's ticket is of no use.
            let other = try await client.connect(to: address, serverName: "example.org")
            #expect(!first.isResumed && second.isResumed && !other.isResumed)
        }
    }
}

// MARK: - Failures

extension AsyncClientTests {
    @Test func aServerThatDoesNotAnswerIsGivenUp() async throws {
        try await withClient { client, _ in
            // A socket that nobody reads.
            let silent = try SilentPort()
            let start = ContinuousClock.now
            await #expect(throws: ConnectError.timedOut) {
                _ = try await client.connect(to: silent.address, timeout: .milliseconds(200))
            }
            #expect(start.duration(to: .now) >= .milliseconds(200))
            #expect(try await client.statistics().connections.live == 0)
        }
    }

    @Test func aTaskThatIsCancelledDoesNotWait() async throws {
        try await withClient { client, _ in
            let silent = try SilentPort()
            let task = Task(executorPreference: client.worker.taskExecutor) {
                try await client.connect(to: silent.address, timeout: .seconds(600))
            }
            while try await client.statistics().connections.live == 0 { await Task.yield() }
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            while try await client.statistics().connections.live > 0 { await Task.yield() }
        }
    }

    /// A task on another thread is cancelled while its stream opens.
    @Test func tasksThatOpenStreamsMayBeCancelledAtAnyMoment() async throws {
        try await withClient { client, address in
            let connection = try await client.connect(to: address)
            for round in 0..<20_000 {
                let task = Task.detached { try await connection.openStream() }
                for _ in 0..<(round % 400) { _ = connection.closeReport }
                task.cancel()
                if let stream = try? await task.value { stream.reset(code: 0) }
            }
            #expect(connection.closeReport == nil && connection.waitingOpeners == 0)
        }
    }

    @Test func namesThatNoServerHasAreRefused() async throws {
        let files = try CertificateFolder(byteCount: 6_000)
        let certificate = files.source
        try await withClient(
            clientConfiguration(.authorities(file: files.authority)),
            serverConfiguration(certificate)
        ) { client, address in
            for name in ["localhost\0.example.org", String(repeating: "a", count: 300), "\u{fffd}"] {
                do {
                    _ = try await client.connect(to: address, serverName: name)
                    Issue.record("'\(name)' was taken for localhost")
                } catch let error as ConnectError {
                    guard case .notStarted = error else {
                        Issue.record("'\(name)': \(error)")
                        continue
                    }
                }
            }
            await #expect(throws: ConnectError.certificateRefused) {
                _ = try await client.connect(to: address, serverName: "")
            }
        }
    }

    /// GnuTLS cannot be refused memory: handshakes that begin have to be bounded.
    @Test func handshakesStayWithinTheMemoryLimit() async throws {
        var configuration = clientConfiguration()
        configuration.memoryBytesLimit = 4 << 20
        let limit = configuration.memoryBytesLimit
        try await withClient(configuration) { client, _ in
            let silent = try SilentPort()
            let attempts = (0..<300).map { _ in
                Task(executorPreference: client.worker.taskExecutor) {
                    _ = try await client.connect(to: silent.address, timeout: .seconds(600))
                }
            }
            while try await client.statistics().connections.live == 0 { await Task.yield() }
            // Those that began wait; the others were refused.
            let statistics = try await client.statistics()
            #expect(statistics.memory.liveBytes <= limit)
            #expect((1..<attempts.count).contains(statistics.connections.live))
            for attempt in attempts { attempt.cancel() }
            var refused = 0
            for attempt in attempts {
                if case .failure(let error) = await attempt.result, error as? ConnectError == .outOfMemory {
                    refused += 1
                }
            }
            #expect(refused > 0)
            while try await client.statistics().connections.live > 0 { await Task.yield() }
        }
    }

    @Test func onlyTheRightServerIsBelieved() async throws {
        let files = try CertificateFolder(byteCount: 6_000)
        let right = PublicKeyHash(bytes: try PublicKeyHash(ofCertificate: files.certificate).bytes)
        let wrong = PublicKeyHash(bytes: [UInt8](repeating: 1, count: 32))
        let cases: [(ServerVerification, String, ConnectError?)] = [
            (.authorities(file: files.authority), "localhost", nil),
            (.authorities(file: files.authority), "example.org", .certificateRefused),
            (.systemAuthorities, "localhost", .certificateRefused),
            (.keys([try #require(wrong), try #require(right)]), "example.org", nil),
            (.keys([try #require(wrong)]), "localhost", .certificateRefused),
            (.none, "example.org", nil),
        ]
        for (verification, name, expected) in cases {
            let certificate = files.source
            try await withClient(clientConfiguration(verification), serverConfiguration(certificate)) {
                client,
                address in
                do {
                    let connection = try await client.connect(to: address, serverName: name)
                    #expect(try await EchoPair.exchange([9], on: connection) == [9])
                    #expect(expected == nil, "\(verification) \(name)")
                } catch let error as ConnectError {
                    #expect(error == expected, "\(verification) \(name)")
                }
            }
        }
    }

    // RFC 8446 §4.4.2.4: certificate_required, 116. The client's handshake is complete by then, so that it learns of it at the end.
    @Test func aServerMayInsistOnTheClientsCertificate() async throws {
        let files = try CertificateFolder(byteCount: 6_000)
        let certificate = files.source
        let shown = Shared<[Bool]>([])
        var server = serverConfiguration()
        server.clientAuthentication = .required(authorities: files.authority)
        // The last one has the authority's name, and not its signature.
        for (own, cause) in [(certificate, CloseCause.localClose), (nil, .tlsAlert(116)), (.selfSigned, .tlsAlert(42))]
        {
            var client = clientConfiguration()
            client.certificate = own
            try await withClient(
                client,
                server,
                handler: { connection in
                    shown.withLock { $0.append(connection.clientCertificate != nil) }
                    await EchoPair.echo(connection)
                },
                { client, address in
                    let connection = try await client.connect(to: address)
                    let answer = try? await EchoPair.exchange([5], on: connection)
                    #expect(answer == (cause == .localClose ? [5] : nil))
                    connection.close()
                    let report = await connection.waitUntilClosed()
                    #expect(report?.cause == cause)
                    #expect(connection.clientCertificate == nil)
                }
            )
        }
        #expect(shown.withLock { $0 } == [true])
        var client = clientConfiguration()
        client.certificate = .files(certificate: "/no/such/certificate", privateKey: "/no/such/key")
        #expect(throws: ClientError.self) { try AsyncClient(configuration: client) }
    }

    @Test func aServerHasACertificateForEachName() async throws {
        let files = try CertificateFolder(byteCount: 6_000)
        var configuration = serverConfiguration(.selfSigned)
        // Both are for localhost: the first one counts, for a client that asks for another name as well.
        configuration.additionalCertificates = [
            .files(certificate: files.certificate, privateKey: files.privateKey)
        ]
        try await withClient(clientConfiguration(.authorities(file: files.authority)), configuration) {
            client,
            address in
            await #expect(throws: ConnectError.certificateRefused) {
                _ = try await client.connect(to: address, serverName: "localhost")
            }
        }
    }

    @Test func aServerWithoutACommonProtocolIsToldApart() async throws {
        var configuration = ClientConfiguration(applicationProtocols: ["another"])
        configuration.verification = .none
        try await withClient(configuration) { client, address in
            // RFC 7301 §3.2: no_application_protocol.
            await #expect(throws: ConnectError.tlsAlert(120)) { _ = try await client.connect(to: address) }
        }
    }

    @Test func connectionsAreBounded() async throws {
        var configuration = clientConfiguration()
        configuration.connectionLimit = 2
        try await withClient(configuration) { client, address in
            let first = try await client.connect(to: address)
            _ = try await client.connect(to: address)
            await #expect(throws: ConnectError.tooManyConnections(limit: 2)) {
                _ = try await client.connect(to: address)
            }
            first.close()
            _ = await first.waitUntilClosed()
            _ = try await client.connect(to: address)
        }
    }

    @Test func aClientThatWasShutDownConnectsNoMore() async throws {
        let client = try AsyncClient(configuration: clientConfiguration())
        let silent = try SilentPort()
        let waiting = Task { try await client.connect(to: silent.address, timeout: .seconds(600)) }
        while try await client.statistics().connections.live == 0 { await Task.yield() }
        #expect(try await client.shutDown().hasReturned)
        await #expect(throws: ConnectError.shutDown) { _ = try await waiting.value }
        await #expect(throws: ConnectError.shutDown) { _ = try await client.connect(to: silent.address) }
        #expect(try await client.shutDown().hasReturned)
    }

    /// The machine may have no route to it, or no such addresses at all.
    @Test func aServerOfAnotherAddressFamilyHindersNobody() async throws {
        let elsewhere = try #require(SocketAddress("[2001:db8::1]:443"))
        try await withClient { client, address in
            await #expect(throws: ConnectError.self) {
                _ = try await client.connect(to: elsewhere, timeout: .milliseconds(50))
            }
            let connection = try await client.connect(to: address)
            #expect(try await EchoPair.exchange([1, 2, 3], on: connection) == [1, 2, 3])
            connection.close()
        }
    }

    @Test func aConfigurationThatCannotWorkIsRefused() {
        var none = clientConfiguration()
        none.connectionLimit = 0
        #expect(throws: ClientError.self) { try AsyncClient(configuration: none) }
        var small = clientConfiguration()
        small.memoryBytesLimit = 1_000
        #expect(throws: ClientError.self) { try AsyncClient(configuration: small) }
        let changes: [(inout TransportConfiguration) -> Void] = [
            { $0.peerBidirectionalStreams = -1 }, { $0.peerUnidirectionalStreams = .max },
            { $0.handshakeBytesLimit = 1_000 }, { $0.connectionBytesLimit = 0 }, { $0.connectionBytesLimit = -1 },
            { $0.datagramFrameBytesLimit = -1 }, { $0.datagramFrameBytesLimit = 65_536 },
        ]
        for change in changes {
            var configuration = clientConfiguration()
            change(&configuration.transport)
            #expect(throws: ClientError.self) { try AsyncClient(configuration: configuration) }
        }
        #expect(throws: ClientError.self) { try AsyncClient(configuration: clientConfiguration(.keys([]))) }
        #expect(throws: ClientError.self) {
            try AsyncClient(configuration: clientConfiguration(.authorities(file: "/does/not/exist")))
        }
        #expect(PublicKeyHash(bytes: [1, 2, 3]) == nil)
    }
}

// MARK: - The pool

extension AsyncClientTests {
    @Test func aPoolUsesConnectionsAgain() async throws {
        try await withClient { client, address in
            let pool = ConnectionPool(of: client)
            for _ in 0..<20 {
                let answer = try await pool.withConnection(to: address) { try await EchoPair.exchange([4], on: $0) }
                #expect(answer == [4])
            }
            #expect(try await client.statistics().connections.created == 1)
            // One that ends by itself is forgotten.
            try await pool.withConnection(to: address) {
                $0.close(); _ = await $0.waitUntilClosed()
            }
            #expect(pool.statistics == PoolStatistics())
            pool.shutDown()
            await #expect(throws: PoolError.shutDown) { try await pool.withConnection(to: address) { _ in } }
        }
    }

    /// The next use would find it closed.
    @Test func aConnectionThatItsUserClosesIsNotUsedAgain() async throws {
        try await withClient { client, address in
            var limits = PoolLimits()
            limits.connectionsPerServer = 1
            let pool = ConnectionPool(of: client, limits: limits)
            for _ in 0..<10 {
                try await pool.withConnection(to: address) { $0.close(code: 5) }
                let answer = try await pool.withConnection(to: address) { try await EchoPair.exchange([4], on: $0) }
                #expect(answer == [4])
            }
            pool.shutDown()
        }
    }

    @Test func aPoolThatIsLetGoClosesItsConnections() async throws {
        try await withClient { client, address in
            do {
                let pool = ConnectionPool(of: client)
                _ = try await pool.withConnection(to: address) { try await EchoPair.exchange([4], on: $0) }
            }
            while try await client.statistics().connections.live > 0 { await Task.yield() }
        }
    }

    @Test func aPoolTakesTimesOfAnyLength() async throws {
        let reported = Shared(0)
        try await withClient { client, address in
            for (idle, use) in [(Duration.seconds(Int64.max), Duration.zero), (.seconds(-1), .seconds(Int64.max))] {
                var limits = PoolLimits()
                (limits.idleTimeout, limits.longUseThreshold) = (idle, use)
                let pool = ConnectionPool(of: client, limits: limits) { _ in reported.withLock { $0 += 1 } }
                try await pool.withConnection(to: address) { _ in
                    while use == .zero, reported.withLock({ $0 }) == 0 { await Task.yield() }
                }
                pool.shutDown()
            }
        }
        #expect(reported.withLock { $0 } == 1)
    }

    @Test func aPoolHasUsesWaitForTheirTurn() async throws {
        try await withClient { client, address in
            var limits = PoolLimits()
            limits.connectionsPerServer = 3
            let pool = ConnectionPool(of: client, limits: limits)
            let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for number in 0..<50 {
                    group.addTask {
                        try await pool.withConnection(to: address) {
                            try await EchoPair.exchange([UInt8(number)], on: $0)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count == 50 && pool.statistics.idle == 3 && pool.statistics.inUse == 0)
            #expect(try await client.statistics().connections.created == 3)
            pool.shutDown()
        }
    }

    /// dae kept the transports of targets that failed.
    @Test func aPoolKeepsNothingOfServersThatFail() async throws {
        try await withClient { client, _ in
            let pool = ConnectionPool(of: client)
            let silent = try SilentPort()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<30 {
                    group.addTask {
                        await #expect(throws: ConnectError.timedOut) {
                            try await pool.withConnection(to: silent.address, timeout: .milliseconds(20)) { _ in }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(pool.statistics == PoolStatistics())
            let statistics = try await client.statistics()
            #expect(statistics.connections.created == 30 && statistics.connections.live == 0)
        }
    }

    @Test func aPoolClosesIdleConnectionsAndNamesLongUses() async throws {
        let reported = Shared<[LongUse]>([])
        try await withClient { client, address in
            var limits = PoolLimits()
            limits.idleTimeout = .milliseconds(50)
            limits.longUseThreshold = .milliseconds(50)
            let pool = ConnectionPool(of: client, limits: limits) { use in reported.withLock { $0.append(use) } }
            try await pool.withConnection(to: address) { _ in
                while reported.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
            }
            while pool.statistics.idle > 0 { try await Task.sleep(for: .milliseconds(5)) }
            while try await client.statistics().connections.live > 0 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(pool.statistics.servers == 0)
        }
        #expect(reported.withLock { $0.map(\.place.fileID) } == ["QUICAsyncTests/AsyncClientTests.swift"])
    }
}
