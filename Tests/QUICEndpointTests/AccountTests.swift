import BoundedMemory
import CNgtcp2
import Datagrams
import EchoService
import PacketWriter
import QUICEndpoint
import QUICTesting
import Synchronization
import Testing

@testable import QUICTransport

/// What the ledger says a connection holds.
@Suite struct AccountTests {
    private func usage(_ pair: Pair, _ memoryClass: MemoryClass) throws -> MemoryUsage {
        try #require(pair.server.statistics.ledger[memoryClass])
    }

    @Test func classesAddUpToTheTotalAtEveryTurn() throws {
        let pair = try Pair(seed: 1, services: [EchoService()], clientConfiguration: EchoTests.generousClient)
        for _ in 0..<20 { _ = try pair.connect() }
        for _ in 0..<200 {
            pair.run(for: .milliseconds(1))
            let statistics = pair.server.statistics
            #expect(statistics.ledger.values.reduce(0) { $0 + $1.liveBytes } == statistics.ledgerTotal.liveBytes)
            #expect(statistics.ledger.values.reduce(0) { $0 + $1.liveBlocks } == statistics.ledgerTotal.liveBlocks)
        }
    }

    @Test func theReportsOfConnectionsAddUpToTheLedger() throws {
        let pair = try Pair(seed: 7, services: [EchoService()])
        for _ in 0..<30 { _ = try pair.connect() }
        for _ in 0..<40 {
            pair.run(for: .milliseconds(1))
            let reports = pair.server.reports(at: pair.now)
            #expect(reports.count == pair.server.statistics.connections.live)
            for memoryClass in [MemoryClass.transport, .tls, .rings] {
                let sum = reports.reduce(0) { $0 + ($1.liveBytes[memoryClass] ?? 0) }
                #expect(try sum == usage(pair, memoryClass).liveBytes)
            }
        }
        #expect(pair.server.reports(at: pair.now).allSatisfy { $0.peakBytes >= $0.totalBytes })
    }

    @Test func theTLSSessionIsFreedAfterTheHandshake() throws {
        let pair = try Pair(seed: 2, services: [EchoService()])
        _ = try pair.connect()
        pair.run(for: .milliseconds(7))
        #expect(try usage(pair, .tls).liveBytes > 15_000)
        pair.run(for: .seconds(1))
        #expect(pair.server.statistics.connections.established == 1)
        // What is left are the keys: two directions, two generations, and header protection.
        #expect(try (2_000...6_000).contains(usage(pair, .tls).liveBytes))
        #expect(try (18_000...24_000).contains(usage(pair, .transport).liveBytes))
    }

    /// GnuTLS allocates for a thread what it does not free with the session it first needed it for.
    @Test func nothingOfATLSSessionStaysWithAFreshThread() throws {
        let left = Mutex<MemoryUsage?>(nil)
        let body: @Sendable () -> Void = {
            guard let pair = try? Pair(seed: 6, services: [EchoService()]),
                let connection = try? pair.connectAndEstablish()
            else { return }
            pair.client.close(connection, at: pair.now)
            pair.run(for: .seconds(10))
            left.withLock { $0 = pair.server.statistics.ledger[.tls] }
        }
        FreshThread.runAndWait(body)
        let usage = try #require(left.withLock { $0 })
        #expect(usage.isEmpty, "\(usage)")
        #expect(usage.peakBytes > 0)
    }

    @Test func anEchoThatWasAcknowledgedHoldsNoBytes() throws {
        let pair = try Pair(seed: 3, services: [EchoService()])
        let connection = try #require(try pair.connectAndEstablish())
        _ = try pair.send(message(of: 64, seed: 3), on: connection)
        pair.run(for: .seconds(1))
        #expect(try usage(pair, .rings).peakBytes > 0)
        #expect(try usage(pair, .rings).liveBytes == 0)
    }

    /// A server that fed them to TLS would let a client fill its memory.
    @Test func cryptoBytesAfterTheHandshakeEndTheConnectionWithUnexpectedMessage() throws {
        let pair = try Pair(seed: 4, services: [EchoService()])
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        let native = unsafe try #require(unsafe connection.native?.pointer)
        let bytes = [UInt8](repeating: 0x55, count: 100)
        let status = unsafe ngtcp2_conn_submit_crypto_data(native, NGTCP2_ENCRYPTION_LEVEL_1RTT, bytes, bytes.count)
        #expect(status == 0)
        pair.client.touch(connection)
        pair.run(for: .seconds(10))
        #expect(pair.serverCloses == [.tlsAlert(10)])
        expectEverythingReturned(pair)
    }

    @Test func aKeyUpdateKeepsTheEchoGoing() throws {
        let pair = try Pair(seed: 5, services: [EchoService()])
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(2))
        for round in 0..<3 {
            try connection.updateKeys(at: pair.now)
            // The second exchange lets ngtcp2 derive the keys of the next generation.
            for byte in UInt8(0)..<2 {
                let stream = try pair.send([byte], on: connection)
                pair.run(for: .seconds(2))
                #expect(pair.recorder.received(on: connection, stream).bytes == [byte], "round \(round)")
            }
        }
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(10))
        expectEverythingReturned(pair)
    }

    // RFC 9001 §6: an endpoint MUST NOT initiate a key update prior to having confirmed the handshake.
    @Test func aKeyUpdateBeforeTheHandshakeIsConfirmedIsRefused() throws {
        let pair = try Pair(seed: 6, services: [EchoService()])
        var refusals = 0
        let update = { (connection: Connection) in
            do throws(QUICError) { try connection.updateKeys(at: pair.now) } catch { refusals += 1 }
        }
        pair.client.onEstablish = update
        defer { pair.client.onEstablish = { _ in } }
        let connection = try pair.connect()
        update(connection)
        pair.run(for: .milliseconds(11)) { connection.state == .established }
        update(connection)
        #expect(refusals == 3)
        pair.run(for: .seconds(1))
        update(connection)
        #expect(refusals == 3)
        #expect(connection.state == .established)
    }

    /// What MemoryPlan adds to the limit of a connection: 8 KiB, and 256 bytes a stream.
    @Test func whatNoLimitRefusesIsWhatThePlanAddsToTheLimit() throws {
        let pair = try Pair(seed: 21, services: [EchoService()])
        let client = try #require(try HostileClient(pair: pair))
        pair.run(for: .seconds(1))
        for index in 0..<15 { client.push(Frame.stream(UInt64(4 * index), [1])) }
        // The answers need keys as well.
        client.send(Frame.stream(4 * 15, [1]))
        let report = try #require(pair.server.reports(at: pair.now).first)
        #expect(report.streamCount == 16)
        // The tables of one connection have room for several.
        let unrefused = try usage(pair, .table).liveBytes + usage(pair, .tls).liveBytes
        #expect(unrefused > 8_192)
        #expect(unrefused <= 8_192 + 16 * 256)
    }

    @Test func aServiceThatUpdatesKeysIsChargedForThemOnce() throws {
        let service = RekeyingService()
        let pair = try Pair(
            seed: 22,
            services: [service],
            clientProtocols: ["rekey"],
            clientConfiguration: EchoTests.generousClient
        )
        let connection = try #require(try pair.connectAndEstablish())
        pair.run(for: .seconds(1))
        pair.network.admits = { transit in
            if transit.path.local == Pair.serverAddress { service.now.withLock { $0 = transit.arrival } }
            return true
        }
        _ = try pair.send([1, 2, 3], on: connection)
        pair.run(for: .seconds(1))
        #expect(service.updateCount.withLock { $0 } > 0)
        #expect(try (2_000...6_000).contains(usage(pair, .tls).liveBytes))
        pair.client.close(connection, at: pair.now)
        pair.run(for: .seconds(60))
        expectEverythingReturned(pair)
    }
}

/// Updates the keys whenever bytes arrive.
private final class RekeyingService: StreamService {
    let applicationProtocol = "rekey"
    let updateCount = Mutex(0)
    let now = Mutex(MonotonicInstant(nanoseconds: 0))

    func receive(_ bytes: RawSpan, isFinal: Bool, on stream: Stream) throws(StreamError) {
        if (try? stream.connection.updateKeys(at: now.withLock { $0 })) != nil {
            updateCount.withLock { $0 += 1 }
        }
        stream.extendCredit(bytes.byteCount)
    }
}
