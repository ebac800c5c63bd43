import BoundedMemory
import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import QUICTransport
import Testing

/// Handshakes have a share of each turn; the others wait, established connections go first, and nobody is lost.
@Suite struct HandshakeShareTests {
    private func pair(
        seed: UInt64,
        services: [any StreamService] = [EchoService()],
        serverTLS: TLSServerContext? = nil,
        hello: ClientHelloChanges = ClientHelloChanges(),
        _ change: (inout AdmissionLimits) -> Void = { _ in }
    ) throws -> Pair {
        var configuration = EndpointConfiguration()
        change(&configuration.admission)
        return try Pair(
            seed: seed,
            services: services,
            configuration: configuration,
            serverTLS: serverTLS,
            hello: hello,
            conditions: .init(latency: .milliseconds(1), jitter: .zero, loss: 0, duplication: 0)
        )
    }

    private func connect(_ count: Int, _ pair: Pair) throws -> [Connection] {
        try (0..<count).map { _ in try pair.connect() }
    }

    /// Clients whose handshakes are complete, and in the same turn the first datagrams of so many others.
    private func hostileClients(_ count: Int, before others: Int, _ pair: Pair) throws -> [HostileClient] {
        let clients = try (0..<count).map { _ in try #require(try HostileClient(pair: pair)) }
        pair.server.expire(at: pair.now)
        _ = try connect(others, pair)
        deliver(pair)
        return clients
    }

    /// Everything that clients have to send reaches the server at this moment, before its turn is over.
    private func deliver(_ pair: Pair) {
        passOn({ pair.client.transmit(into: $0, at: pair.now) }) { bytes, entry in
            pair.server.receive(bytes, path: entry.path.reversed, ecn: entry.ecn, at: pair.now)
        }
    }

    /// The answers of the server reach the clients at this moment.
    private func answer(_ pair: Pair) {
        passOn({ pair.server.transmit(into: $0, at: pair.now) }) { bytes, entry in
            pair.client.receive(bytes, path: entry.path.reversed, ecn: entry.ecn, at: pair.now)
        }
    }

    private func passOn(
        _ transmit: (TransmitBatch) -> Void,
        to receive: (RawSpan, TransmitBatch.Entry) -> Void
    ) {
        let batch = TransmitBatch()
        while true {
            transmit(batch)
            guard !batch.isEmpty else { return }
            for entry in batch.entries { batch.withBytes(of: entry) { receive($0, entry) } }
            batch.removeAll()
        }
    }

    /// So many Initials with a PING reach the server on `path`.
    private func receivePings(_ count: Int, from writer: inout InitialPacketWriter, _ path: NetworkPath, _ pair: Pair) {
        for _ in 0..<count { pair.receive(writer.datagram(Frame.ping), on: path) }
    }

    private func turnsUntilNothingWaits(
        _ pair: Pair,
        _ body: (_ before: EndpointStatistics, _ after: EndpointStatistics) -> Void
    ) {
        while pair.server.statistics.handshakes.waiting > 0 {
            let before = pair.server.statistics
            pair.server.expire(at: pair.now)
            body(before, pair.server.statistics)
        }
    }

    private func created(_ pair: Pair) -> Int { pair.server.statistics.connections.created }

    @Test func aTurnOpensOneConnectionAndTheOtherClientsWait() throws {
        let pair = try pair(seed: 1)
        _ = try connect(10, pair)
        deliver(pair)
        #expect(created(pair) == 1)
        #expect(pair.server.statistics.handshakes.waiting == 9)
        for turn in 2...10 {
            #expect(pair.server.nextDeadline == pair.now)
            pair.server.expire(at: pair.now)
            #expect(created(pair) == turn)
        }
        #expect(pair.server.statistics.handshakes.waiting == 0)
        #expect(pair.server.statistics.handshakes.waited == 9)
        #expect(pair.server.nextDeadline != pair.now)
    }

    @Test func aCrowdIsServedAHandshakeATurnAndNobodyIsLost() throws {
        let pair = try pair(seed: 2)
        // All answers come back at the same moment.
        pair.tick = .milliseconds(1)
        let connections = try connect(90, pair)
        deliver(pair)
        turnsUntilNothingWaits(pair) { before, after in
            #expect(after.connections.created - before.connections.created <= 1)
        }
        #expect(created(pair) == 90)
        #expect(pair.server.statistics.handshakes.waited == 89)
        var before = pair.server.statistics.connections.handshakesCompleted
        pair.run(for: .seconds(2)) {
            let completed = pair.server.statistics.connections.handshakesCompleted
            // The datagrams of a moment, and the turn that begins after them.
            #expect(completed - before <= 2)
            before = completed
            return completed == 90
        }
        #expect(before == 90)
        #expect(pair.server.statistics.handshakes.waited > 89 + 60)
        pair.run(for: .seconds(1))
        #expect(connections.allSatisfy { $0.state == .established })
        #expect(pair.server.statistics.drops.isEmpty)
        #expect(pair.server.statistics.retries == 0)
        for connection in connections { pair.client.close(connection, at: pair.now) }
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }

    @Test func anEstablishedConnectionIsServedInTheTurnOfItsDatagram() throws {
        let pair = try pair(seed: 3)
        let client = try hostileClients(1, before: 50, pair)[0]
        client.push(Frame.stream(0, [1, 2, 3], isFinal: true))
        #expect(created(pair) == 2)
        #expect(pair.server.statistics.handshakes.waiting == 49)
        let batch = TransmitBatch()
        pair.server.transmit(into: batch, at: pair.now)
        #expect(batch.entries.contains { $0.path.remote == client.address })
    }

    // In a turn with many other datagrams handshakes have more steps: a server without time to spare goes on with both.
    @Test func aBusyTurnIsFollowedByMoreHandshakes() throws {
        let pair = try pair(seed: 4)
        let clients = try hostileClients(2, before: 10, pair)
        let before = created(pair)
        for _ in 0..<32 { for client in clients { client.push(Frame.ping) } }
        pair.server.expire(at: pair.now)
        #expect(created(pair) == before + 3)
        pair.server.expire(at: pair.now)
        #expect(created(pair) == before + 4)
    }

    @Test func clientsThatWaitAreHandshakesInFlightForThoseThatComeLater() throws {
        let pair = try pair(seed: 5) { $0.handshakesBeforeRetry = 10 }
        let connections = try connect(50, pair)
        deliver(pair)
        #expect(created(pair) == 1)
        #expect(pair.server.statistics.handshakes.waiting == 9)
        #expect(pair.server.statistics.retries == 40)
        // And not for themselves when their turn comes.
        turnsUntilNothingWaits(pair) { _, _ in }
        #expect(created(pair) == 10)
        #expect(pair.server.statistics.retries == 40)
        pair.run(for: .seconds(2))
        #expect(connections.allSatisfy { $0.state == .established })
    }

    // Clients that have proved their addresses come in whatever the load is, and wait behind one that has not.
    @Test func aClientWhoseTurnHasComeIsNotJudgedByThoseBehindIt() throws {
        let pair = try pair(seed: 14) { $0.handshakesBeforeRetry = 2 }
        let connections = try connect(10, pair)
        deliver(pair)
        #expect(created(pair) == 1)
        #expect(pair.server.statistics.retries == 8)
        answer(pair)
        deliver(pair)
        #expect(pair.server.statistics.handshakes.waiting >= 9)
        turnsUntilNothingWaits(pair) { _, _ in }
        #expect(created(pair) == 10)
        #expect(pair.server.statistics.retries == 8)
        pair.run(for: .seconds(2))
        #expect(connections.allSatisfy { $0.state == .established })
    }

    @Test func withoutRoomToWaitAClientIsAskedToProveItsAddress() throws {
        let pair = try pair(seed: 6) { $0.waitingInitials = 4 }
        let connections = try connect(10, pair)
        deliver(pair)
        #expect(pair.server.statistics.handshakes.waiting == 4)
        #expect(pair.server.statistics.retries == 5)
        pair.run(for: .seconds(2))
        #expect(connections.allSatisfy { $0.state == .established })
        #expect(pair.server.statistics.drops.isEmpty)
    }

    @Test func whereNobodyIsAskedItIsDroppedAndComesAgain() throws {
        let pair = try pair(seed: 7) {
            $0.waitingInitials = 4
            $0.retryPolicy = .never
        }
        let connections = try connect(10, pair)
        deliver(pair)
        #expect(pair.server.statistics.drops == [.handshakeQueueFull: 5])
        #expect(pair.server.statistics.admissions == ["accept": 1])
        pair.run(for: .seconds(5))
        #expect(connections.allSatisfy { $0.state == .established })
    }

    // As with the key share of X25519MLKEM768: the second datagram goes to an ID that no connection answers to yet.
    @Test func bothHalvesOfAClientHelloWaitAndCountAsOneClient() throws {
        var hello = ClientHelloChanges()
        hello.paddingBytes = 1_500
        let pair = try pair(seed: 8, hello: hello) { $0.handshakesBeforeRetry = 20 }
        let connections = try connect(20, pair)
        deliver(pair)
        #expect(pair.server.statistics.handshakes.waiting == 19)
        turnsUntilNothingWaits(pair) { _, _ in }
        #expect(created(pair) == 20)
        // The second half of none is a step that has to wait again.
        #expect(pair.server.statistics.handshakes.waited == 19)
        pair.run(for: .milliseconds(100))
        #expect(connections.allSatisfy { $0.state == .established })
        #expect(pair.server.statistics.retries == 0)
        #expect(pair.server.statistics.drops.isEmpty)
    }

    // RFC 9001 §4.6: 0-RTT packets go to the ID of the ClientHello, before there is another.
    @Test func earlyDataWaitsBehindItsClientHello() throws {
        let protocols = try ApplicationProtocols(["echo"])
        let server = try TLSServerContext(
            certificate: .selfSigned,
            protocols: protocols,
            earlyData: EarlyDataConfiguration()
        )
        let pair = try pair(seed: 9, serverTLS: server)
        let tls = try TLSClientContext(protocols: protocols, resumesSessions: true)
        let first = try pair.connect(tls: tls, offersEarlyData: true)
        pair.run(for: .seconds(1))
        pair.client.close(first, at: pair.now)
        pair.run(for: .seconds(60))
        _ = try pair.connect()
        let connection = try pair.connect(tls: tls, offersEarlyData: true)
        try #require(connection.earlyData == .offered)
        let stream = try pair.send(message(of: 3_000, seed: 9), on: connection)
        deliver(pair)
        #expect(pair.server.statistics.handshakes.waiting == 1)
        pair.run(for: .seconds(1))
        #expect(connection.earlyData == .accepted)
        #expect(pair.recorder.received(on: connection, stream).bytes == message(of: 3_000, seed: 9))
        let drops = pair.server.statistics.drops
        #expect(drops[.unroutable] == nil && drops[.handshakeQueueFull] == nil)
    }

    @Test func clientsThatWaitTakeNoMoreThanTheirBoundAndGiveItBack() throws {
        let limit = 40
        let pair = try pair(seed: 10) {
            $0.waitingInitials = limit
            $0.retryPolicy = .never
        }
        #expect(pair.server.ledger.isEmpty)
        _ = try connect(200, pair)
        deliver(pair)
        #expect(pair.server.statistics.handshakes.waiting == limit)
        let held = pair.server.ledger.usage(of: .rings).liveBytes
        #expect(held > limit * 1_200 && held <= limit * 4_096, "\(held)")
        #expect(pair.server.accountsAddUp)
        turnsUntilNothingWaits(pair) { _, _ in }
        #expect(pair.server.ledger.usage(of: .rings).liveBytes == 0)
        #expect(pair.server.accountsAddUp)
    }

    // The datagrams of a client behind its first one are bounded as well.
    @Test func aClientThatWaitsCannotFillTheRoomOfOthers() throws {
        let pair = try pair(seed: 11)
        _ = try connect(1, pair)
        deliver(pair)
        var writer = InitialPacketWriter(destination: [UInt8](repeating: 7, count: 8), source: [1, 2, 3])
        let path = NetworkPath(local: Pair.serverAddress, remote: SocketAddress(ipv4: 203, 0, 113, 5, port: 999))
        receivePings(30, from: &writer, path, pair)
        #expect(pair.server.statistics.handshakes.waiting == 1)
        #expect(pair.server.statistics.drops == [.handshakeQueueFull: 30 - 16])
    }

    @Test func aShutdownRefusesThoseThatWait() throws {
        let pair = try pair(seed: 12)
        let connections = try connect(10, pair)
        deliver(pair)
        pair.server.shutDown()
        pair.run(for: .seconds(60))
        #expect(pair.server.isShutDown)
        #expect(pair.server.statistics.admissions["refuse_shutdown"] == 9)
        #expect(pair.clientCloses.filter { $0 == .refused }.count == 9)
        #expect(connections.allSatisfy { $0.state == .closed })
        expectEverythingReturned(pair)
    }

    // Packets without TLS cost less, and are counted all the same: they do not keep new clients from their turn.
    @Test func handshakesThatAreFloodedDoNotKeepOthersFromBeginning() throws {
        let pair = try pair(seed: 13)
        var writer = InitialPacketWriter(destination: [UInt8](repeating: 7, count: 8), source: [1, 2, 3])
        let attacker = SocketAddress(ipv4: 203, 0, 113, 5, port: 999)
        pair.inject(writer.datagram(HalfClientHello.frame), from: attacker)
        pair.server.expire(at: pair.now)
        #expect(pair.server.statistics.connections.handshaking == 1)
        let path = NetworkPath(local: Pair.serverAddress, remote: attacker)
        receivePings(40, from: &writer, path, pair)
        _ = try connect(8, pair)
        deliver(pair)
        for turn in 1...8 {
            #expect(created(pair) == 1 + turn)
            receivePings(40, from: &writer, path, pair)
            pair.server.expire(at: pair.now)
        }
        #expect(pair.server.statistics.drops[.queueFull] ?? 0 > 0)
    }

    // RFC 9000 §8.1: anyone may send in another's name. What does must not keep those out who have proved their addresses.
    @Test func datagramsBehindFirstOnesLeaveTheRoomOfFirstOnes() throws {
        let pair = try pair(seed: 15) {
            $0.waitingInitials = 256
            $0.handshakesBeforeRetry = 60
        }
        for client in 0..<40 {
            let id = [UInt8](repeating: UInt8(client), count: 8)
            var writer = InitialPacketWriter(destination: id, source: [1, 2, 3])
            let remote = SocketAddress(ipv4: 203, 0, 113, 5, port: UInt16(2_000 + client))
            let path = NetworkPath(local: Pair.serverAddress, remote: remote)
            pair.receive(writer.datagram(HalfClientHello.frame, count: 1_500), on: path)
            for _ in 1..<16 { pair.receive(writer.datagram(Frame.ping, count: 1_500), on: path) }
        }
        #expect(pair.server.statistics.handshakes.waiting == 39)
        #expect(pair.server.statistics.drops[.handshakeQueueFull] ?? 0 > 0)
        var connections: [Connection] = []
        // A batch of replies has room for 64 Retries.
        for count in [20, 60, 60, 60] {
            connections += try connect(count, pair)
            deliver(pair)
            answer(pair)
        }
        deliver(pair)
        #expect(pair.server.statistics.handshakes.waiting == 239)
        #expect(pair.server.accountsAddUp)
        pair.run(for: .seconds(3))
        #expect(connections.allSatisfy { $0.state == .established })
    }

    @Test func aServerThatFailsForgetsThoseThatWait() throws {
        let pair = try pair(seed: 16)
        _ = try connect(10, pair)
        deliver(pair)
        #expect(pair.server.statistics.handshakes.waiting == 9)
        pair.server.fail()
        #expect(pair.server.statistics.handshakes.waiting == 0)
        pair.server.transmit(into: TransmitBatch(), at: pair.now)
        #expect(pair.server.isShutDown && pair.server.ledger.isEmpty)
        #expect(pair.server.nextDeadline == nil)
    }

    enum Leaving: CaseIterable { case shutDown, drain }

    // A batch of replies has room for 64.
    @Test(arguments: Leaving.allCases)
    func eachOfManyThatWaitIsRefused(by leaving: Leaving) throws {
        let pair = try pair(seed: 17) { $0.handshakesBeforeRetry = 200 }
        _ = try connect(150, pair)
        deliver(pair)
        #expect(pair.server.statistics.handshakes.waiting == 149)
        switch leaving {
        case .shutDown: pair.server.shutDown()
        case .drain: pair.server.drain(by: pair.now.advanced(by: .seconds(30)), at: pair.now)
        }
        // Its socket takes nothing: it waits until there is room for more refusals, and not without pause.
        pair.server.expire(at: pair.now)
        #expect(pair.server.statistics.handshakes.waiting == 149 - 64)
        #expect(pair.server.nextDeadline != pair.now)
        pair.run(for: .milliseconds(500))
        #expect(pair.server.statistics.handshakes.waiting == 0)
        #expect(pair.clientCloses.filter { $0 == .refused }.count == 149)
        pair.run(for: .seconds(60))
        #expect(leaving == .drain || pair.server.isShutDown)
        expectEverythingReturned(pair)
    }

    // A flood on one connection is handled from its queue, and takes as long.
    @Test func datagramsThatHaveWaitedMakeATurnBusyAsWell() throws {
        let pair = try pair(seed: 19)
        let client = try hostileClients(1, before: 10, pair)[0]
        let before = created(pair)
        for _ in 0..<96 { client.push(Frame.ping) }
        // 32 were handled before this turn, 32 are in it, and 32 in the next one.
        for turn in 1...3 {
            pair.server.expire(at: pair.now)
            #expect(created(pair) == before + 2 * turn)
        }
        pair.server.expire(at: pair.now)
        #expect(created(pair) == before + 7)
    }

    @Test func handshakesGoOnWhereNoDatagramsMayWait() throws {
        var configuration = EndpointConfiguration()
        configuration.transport.waitingDatagrams = 0
        let pair = try Pair(
            seed: 20,
            services: [EchoService()],
            configuration: configuration,
            conditions: .init(latency: .milliseconds(1), jitter: .zero, loss: 0, duplication: 0)
        )
        pair.tick = .milliseconds(1)
        let connections = try connect(50, pair)
        pair.run(for: .milliseconds(100))
        #expect(connections.allSatisfy { $0.state == .established })
        #expect(pair.server.statistics.connections.established == 50)
        #expect(pair.server.statistics.drops.isEmpty)
    }

    @Test func handlesOfConnectionsThatAreGoneMakeNoTurns() throws {
        let pair = try pair(seed: 22)
        pair.tick = .milliseconds(1)
        _ = try connect(40, pair)
        deliver(pair)
        turnsUntilNothingWaits(pair) { _, _ in }
        answer(pair)
        deliver(pair)
        #expect(pair.server.statistics.handshakes.waiting > 5)
        for report in pair.server.reports(at: pair.now).dropLast(2) { pair.server.close(report.handle, at: pair.now) }
        var turns = 0
        while pair.server.nextDeadline == pair.now, turns < 100 {
            pair.server.expire(at: pair.now)
            turns += 1
        }
        #expect(turns <= 3)
        #expect(pair.server.statistics.handshakes.waiting == 0)
    }
}

// MARK: - The memory of a handshake whose datagrams wait

extension HandshakeShareTests {
    /// The packets that a client sends behind its Finished, to a server with this certificate chain and this limit.
    struct Flight: Sendable {
        var packets: Int
        var chainBytes = 0
        var handshakeBytesLimit = TransportConfiguration().handshakeBytesLimit
    }

    // quic-go and Chromium have 32 packets under way before the first acknowledgement; 28 fill the window of a stream.
    @Test(arguments: [
        Flight(packets: 10), Flight(packets: 28),
        Flight(packets: 10, chainBytes: 2_400), Flight(packets: 28, chainBytes: 2_400),
        Flight(packets: 28, handshakeBytesLimit: 34_000), Flight(packets: 28, handshakeBytesLimit: 40_000),
    ])
    func dataBehindAFinishedThatWaitsEndsNoHandshake(flight: Flight) throws {
        var configuration = EndpointConfiguration()
        configuration.transport.handshakeBytesLimit = flight.handshakeBytesLimit
        var serverTLS: TLSServerContext?
        if flight.chainBytes > 0 {
            let folder = try CertificateFolder(CertificateChain(.p256, byteCount: flight.chainBytes))
            serverTLS = try TLSServerContext(certificate: folder.source, protocols: ApplicationProtocols(["echo"]))
        }
        let pair = try Pair(seed: 21, services: [EchoService()], configuration: configuration, serverTLS: serverTLS)
        let first = try withholdingFinished(pair)
        let second = try withholdingFinished(pair)
        let secrets = try #require(pair.keyLog.takeSecrets())
        var writer = OneRTTPacketWriter(
            keys: PacketKeys(secret: secrets.client),
            destination: second.destination,
            firstPacketNumber: 1_000
        )
        pair.server.expire(at: pair.now)
        for transit in first.withheld + second.withheld { pair.receive(transit.bytes, on: transit.path) }
        let path = try #require(second.withheld.first?.path)
        for index in 0..<flight.packets {
            let bytes = [UInt8](repeating: 1, count: 1_150)
            pair.receive(writer.packet(Frame.stream(0, offset: UInt64(index * bytes.count), bytes)), on: path)
        }
        while pair.server.nextDeadline == pair.now { pair.server.expire(at: pair.now) }
        #expect(pair.server.statistics.connections.established == 2)
        #expect(pair.serverCloses.isEmpty)
        if flight.packets == 10, flight.chainBytes == 0 { #expect(pair.server.statistics.drops.isEmpty) }
    }

    /// Has a client complete its handshake without what it sends then.
    private func withholdingFinished(
        _ pair: Pair
    ) throws -> (withheld: [SimulatedNetwork.Transit], destination: [UInt8]) {
        var (withheld, destination) = ([SimulatedNetwork.Transit](), [UInt8]?.none)
        _ = pair.keyLog.takeSecrets()
        pair.network.admits = { transit in
            guard transit.path.local == Pair.serverAddress else {
                destination = destination ?? longHeaderSource(of: transit.bytes)
                return true
            }
            guard destination != nil else { return true }
            withheld.append(transit)
            return false
        }
        let connection = try pair.connect()
        pair.run(for: .milliseconds(20)) { connection.state == .established }
        #expect(connection.state == .established && !withheld.isEmpty)
        return (withheld, try #require(destination))
    }
}

extension Pair {
    /// The server receives one datagram, and its turn goes on.
    fileprivate func receive(_ bytes: [UInt8], on path: NetworkPath) {
        unsafe server.receive(bytes.span.bytes, path: path, ecn: .notCapable, at: now)
    }
}
